"""Agreement across relative clauses, the sentences of Fig. 3c-d and of a question that the paper leaves open.

SubjRel     The boy that admires the girls | greets      the verb in the clause agrees with the boy
2SubjRel    The boy that admires the girls that avoid the poet | greets
ObjRel      The boy that the girls admire | greets       ... and here with the girls

The condition has a letter for each noun: in ``SP`` there is one boy and there are several girls. A verb
within a clause, RV, agrees with the noun whose digit it has.
"""

from .templates import Template

_TWO = ("SS", "SP", "PS", "PP")
_THREE = ("SSS", "SSP", "SPS", "SPP", "PSS", "PSP", "PPS", "PPP")

RELATIVE_CLAUSES = {
    "SubjRel": Template("the N1 that RV1 the N2 V1", _TWO, 600),
    "2SubjRel": Template("the N1 that RV1 the N2 that RV2 the N3 V1", _THREE, 600),
    "ObjRel": Template("the N1 that the N2 RV2 V1", _TWO, 600),
}
