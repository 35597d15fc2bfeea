"""Training samples for the box-prompted matting network: small scenes with exact alpha, the classical answer and simulated corrections."""
