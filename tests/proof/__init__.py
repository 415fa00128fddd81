"""The compiler judged against ground truth: families of workflows, taught by some runs, tried on others."""
