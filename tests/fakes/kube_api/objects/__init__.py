"""What the server does to an object: defaults, patches, owners, selectors, deletion."""
