// Which network this is, and what is behind its numbers.

function describeModel(model) {
  const { about, sizes, vocabulary, words_of_model: all, name } = model;
  const equal = sizes.every((size) => size === sizes[0]);
  const layers = equal ? `${sizes.length} \u00d7 ${sizes[0]}` : sizes.join(" + ");
  const text = { "a grammar": " of a small grammar of English", text: " of English text" }[about.text] ?? "";
  const millions = about.tokens && (about.tokens / 1e6).toFixed(0);
  const trained = millions ? `trained on ${millions} million words${text}` : "trained elsewhere";
  const made = about.planted ? "whose weights were written by hand" : trained;
  const claim = `, an LSTM language model of ${layers} units, ${made}. It runs in this page.`;
  part("about").replaceChildren(html("b", {}, name), claim);
  const known = all > vocabulary.length
    ? `${all} words, of which ${vocabulary.length} are in this page; probabilities are among these`
    : `${all} words`;
  const precision = model.precision === "int8" ? "int8 with a scale for each row" : model.precision;
  part("colophon").textContent = [
    `Weights in ${precision}; all is computed here, in double precision, by Eqs. 1\u20132 of Lakretz et al. (2019),`,
    "\u201cThe emergence of number and syntax units in LSTM language models\u201d.",
    `The network knows ${known}. Each sentence is read after ${model.context.length} words of context.`,
    "Percentages beside a verb are its share among the two forms. Units are numbered from 1 through all layers, as in",
    "the paper; their roles are what the paper\u2019s analyses find in this network. Made with minilstm.",
  ].join(" ");
}
