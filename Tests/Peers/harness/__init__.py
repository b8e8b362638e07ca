"""Records scenarios between real Socket.IO peers and holds what sioscope says of them against what was done."""
