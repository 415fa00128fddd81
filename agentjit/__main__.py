"""`python -m agentjit` is `aj`."""

from agentjit.cli import main

if __name__ == "__main__":
    main()
