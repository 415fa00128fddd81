"""Compiling a hotspot: align, explain, infer contracts, plan, render. No model, no edge: values in, a plan out."""
