"""Where a value comes from: the prompt, the environment, an output, another value; or nowhere."""
