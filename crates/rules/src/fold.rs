//! The one way in which texts are compared.

/// Returns a text in lower case, character by character, so that the result never depends on what follows.
#[must_use]
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().flat_map(char::to_lowercase).collect()
}
