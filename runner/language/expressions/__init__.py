"""Expressions of pipeline YAML, `<+...>`: a small language of its own, evaluated over values and never as code.

scanner finds them in a text, parser makes trees of them (grammar.lark), evaluate gives their values; operators,
methods and functors are what the platform's JEXL offers. Names get their meaning from the caller: nothing here knows
a pipeline.
"""
