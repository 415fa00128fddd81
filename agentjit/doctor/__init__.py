"""The examination: every link of the chain from a hook to an answer, tried for real. Called by `aj doctor` only.

Nothing of the home is changed but for one probe in the spool, which is taken out again.
"""
