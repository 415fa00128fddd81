"""Tests of agentjit.backtest."""
