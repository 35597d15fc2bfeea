"""Experiments that train from scratch and write down what came out, whatever it is."""
