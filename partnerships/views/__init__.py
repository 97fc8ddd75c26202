"""How it is shown: one module per kind of page; the portal and the public links apart."""
