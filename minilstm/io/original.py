"""The paper's own model as far as it is known: its context, and six log-probabilities that its authors published.

The checkpoint itself is not bundled. Whoever has it can import it (`minilstm import`) and sees at once, with
`minilstm info`, whether the port computes what the authors computed, and with which casing of the context.
"""

from dataclasses import replace

# The five sentences that the released code reads, from a zero state, before every test sentence.
CONTEXT = tuple(
    "In service , the aircraft was operated by a crew of five and could accommodate either 30 paratroopers , 32 <unk> "
    "and 28 sitting casualties , or 50 fully equipped troops . <eos> He even speculated that technical classes might "
    'some day be held " for the better training of workmen in their several crafts and industries . <eos> After the '
    "War of the Holy League in 1537 against the Ottoman Empire , a truce between Venice and the Ottomans was created "
    'in 1539 . <eos> Moore says : " Tony and I had a good <unk> and off-screen relationship , we are two very '
    'different people , but we did share a sense of humour " . <eos> <unk> is also the basis for online games sold '
    "through licensed lotteries . <eos>".split()
)

# Sentence, right form, wrong form, and their log p.
PUBLISHED = (
    ("The athlete behind the bike", "observes", "observe", -10.58398628, -11.72133827),
    ("The athlete behind the car", "discourages", "discourage", -13.61931992, -16.58925629),
    ("The athlete behind the car", "encourages", "encourage", -9.76531124, -14.17847729),
)


def looks_like_paper_model(model):
    """Return whether a model has the shape and the words of the paper's."""
    words = {word for sentence, right, wrong, *_ in PUBLISHED for word in (*sentence.split(), right, wrong)}
    return model.sizes == (650, 650) and len(model.vocabulary) >= 50_000 and words <= set(model.vocabulary)


def compare(model):
    """The published log-probabilities beside the model's, under both casings of the context.

    Returns
    -------
    columns, rows
        For `tables.render`: prefix, form, published, with the context as written, and with it lower-cased.
    """
    states = []
    for words in (CONTEXT, [word.lower() for word in CONTEXT]):
        known = [word if word in model.vocabulary else "<unk>" for word in words]
        states.append(replace(model, context=tuple(known)).context_state())
    rows = []
    for sentence, right, wrong, *published in PUBLISHED:
        for form, value in zip((right, wrong), published, strict=True):
            ours = [model.log_probability(sentence, form, state) for state in states]
            rows.append([sentence, form, *(f"{number:.6f}" for number in (value, *ours))])
    return ["prefix", "form", "published", "context as written", "lower-cased"], rows
