"""Readers and algorithms by family of instrument; a reader gives the product's nouns in SI units."""
