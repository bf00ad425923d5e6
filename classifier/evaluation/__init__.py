"""How good a model is: metrics, distortions, the report."""
