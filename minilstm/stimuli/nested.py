"""Nested dependencies: two nouns, two verbs, one dependency within the other (Lakretz et al., 2021, Cognition).

ShortNestedInner   The boy that the girls | admire               the inner verb agrees with the nearest noun
ShortNestedOuter   The boy that the girls admire | greets        ... and the outer one with the first
LongNestedInner    The boy that the girls near the poet | admire
LongNestedOuter    The boy that the girls near the poet admire | greets

The condition has a letter for each noun in the order in which they come. The inner verb is tested against the second
one: in ``SP`` it is a plural, though the sentence begins with a singular.
"""

from .templates import Template

_TWO = ("SS", "SP", "PS", "PP")
_THREE = ("SSS", "SSP", "SPS", "SPP", "PSS", "PSP", "PPS", "PPP")

NESTED_TASKS = {
    "ShortNestedInner": Template("the N1 that the N2 RV2", _TWO, 600),
    "ShortNestedOuter": Template("the N1 that the N2 RV2 V1", _TWO, 600),
    "LongNestedInner": Template("the N1 that the N2 PREP the N3 RV2", _THREE, 600),
    "LongNestedOuter": Template("the N1 that the N2 PREP the N3 RV2 V1", _THREE, 600),
}
