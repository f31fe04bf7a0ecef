"""Document stores: collections of what speaks MongoDB's protocol, and their dumps in a bucket."""
