"""Models: features and head as one ONNX graph, fit in numpy, scored by onnxruntime."""
