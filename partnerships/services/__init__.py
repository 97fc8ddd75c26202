"""Every write of this app: one module per aggregate, one function per intent."""
