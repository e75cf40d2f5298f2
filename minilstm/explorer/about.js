// Which network this is, and what is behind its numbers.

function describeModel({ name, about, sizes, vocabulary, words_of_model: all, precision, context }) {
  const text = { "a grammar": " of a small grammar of English", text: " of English text" }[about.text] ?? "";
  const millions = (about.tokens / 1e6).toFixed(0);
  const trained = about.tokens ? `trained on ${millions} million words${text}` : "trained elsewhere";
  const made = about.planted ? "whose weights were written by hand" : trained;
  part("about").replaceChildren(html("b", {}, name),
    `, an LSTM language model of ${sizes.join(" + ")} units, ${made}. It runs in this page.`);
  const cut = `, of which ${vocabulary.length} are in this page; probabilities are among these`;
  part("known").textContent = `${all} words${all > vocabulary.length ? cut : ""}`;
  part("precision").textContent = precision === "int8" ? "int8 with a scale for each row" : precision;
  part("context").textContent = context.length;
}
