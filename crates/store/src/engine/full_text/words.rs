//! What messages and queries are made of, the same for both engines.

/// What is searched for; words are folded already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// One word or phrase.
    Words(Words),
    /// All of them.
    All(Vec<Self>),
    /// At least one of them.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
}

/// Words that follow each other within one field; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The words.
    pub words: Vec<String>,
    /// Whether the last one is the beginning of a word only.
    pub is_prefix: bool,
}

/// The words of a message by field; words of different pieces never make a phrase.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    /// Of the subject.
    pub subject: WordList,
    /// Of each name and address.
    pub people: Vec<WordList>,
    /// Of each attachment's name.
    pub files: Vec<WordList>,
    /// Of the body.
    pub body: WordList,
}

impl Fields {
    /// Returns how many bytes the words have, with a little for each.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let pieces = self.people.iter().chain(&self.files);
        let lists = pieces.chain([&self.subject, &self.body]);
        lists.map(|list| list.text.len() + list.len() * 4).sum()
    }
}

/// Words in order, in one piece of memory: a message has hundreds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WordList {
    text: String,
    /// Where each word ends in the text; the next one begins there.
    ends: Vec<u32>,
}

impl WordList {
    /// Adds a letter to the word that is being written.
    pub fn push_letter(&mut self, letter: char) {
        self.text.push(letter);
    }

    /// Ends the word that is being written, if there is any.
    pub fn end_word(&mut self) {
        if self.text.len() > self.begun() {
            let end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
            self.ends.push(end);
        }
    }

    /// Adds a word.
    pub fn push(&mut self, word: &str) {
        self.text.push_str(word);
        self.end_word();
    }

    /// Returns how many words there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns the words in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let stretches = starts.zip(&self.ends);
        stretches.map(|(start, end)| &self.text[start as usize..*end as usize])
    }

    /// Where the word that is being written begins.
    fn begun(&self) -> usize {
        self.ends.last().map_or(0, |end| *end as usize)
    }
}

impl<'a> FromIterator<&'a str> for WordList {
    fn from_iter<I: IntoIterator<Item = &'a str>>(words: I) -> Self {
        let mut list = Self::default();
        for word in words {
            list.push(word);
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_out_as_they_went_in() {
        let mut list: WordList = ["a", "", "東京"].into_iter().collect();
        list.end_word();
        list.push_letter('b');
        list.push_letter('c');
        assert_eq!(list.len(), 2, "not ended yet");
        list.end_word();
        assert_eq!(list.iter().collect::<Vec<_>>(), ["a", "東京", "bc"]);
        assert!(WordList::default().iter().next().is_none());
    }
}
