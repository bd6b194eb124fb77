"""Parts of HTTP messages as headers and bodies write them."""
