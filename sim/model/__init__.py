"""The model: codes and records, the rules of the talks, the compiled engine that plays them."""
