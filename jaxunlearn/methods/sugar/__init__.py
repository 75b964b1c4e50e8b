"""SUGAR (WACV 2026): many people in one generator; surrogates learned by a mapper, elastic weights."""
