"""Peers: small applications that do by common means what the service does by its own."""
