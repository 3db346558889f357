//! Reading values by name.

use super::settings::WrongSettings;

/// Reads values, and collects the errors.
pub(super) struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    wrong: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, wrong: Vec::new() }
    }

    /// Whether there are no errors so far.
    pub(super) fn is_fine(&self) -> bool {
        self.wrong.is_empty()
    }

    /// All errors.
    pub(super) fn wrong(&mut self) -> WrongSettings {
        WrongSettings(std::mem::take(&mut self.wrong))
    }

    pub(super) fn get(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// The items of a comma-separated list. Each is unique, is not empty, and contains no blanks.
    pub(super) fn list(&mut self, name: &str) -> Vec<String> {
        let Some(text) = self.get(name) else { return Vec::new() };
        let items: Vec<_> = text.split(',').map(|item| item.trim().to_owned()).collect();
        // No error shows an item, because it may be a secret.
        if items.iter().any(String::is_empty) {
            self.complain(format!("{name} is wrong: there is a comma too many, and so an empty item."));
        } else if !items.iter().all(|item| is_word(item)) {
            self.complain(format!("{name} is wrong: an item has a blank or a character that is not ASCII in it."));
        } else if (1..items.len()).any(|place| items[..place].contains(&items[place])) {
            self.complain(format!("{name} is wrong: an item is there twice."));
        }
        items
    }

    pub(super) fn complain(&mut self, sentence: impl Into<String>) {
        self.wrong.push(sentence.into());
    }

    /// Parses a value. The error for an invalid one ends with `mend`, which says what to do.
    pub(super) fn parsed<T>(&mut self, name: &str, parse: impl Fn(&str) -> Option<T>, mend: &str) -> Option<T> {
        let text = self.get(name)?;
        let value = parse(&text);
        if value.is_none() {
            self.complain(format!("{name} is wrong: {mend}."));
        }
        value
    }
}

/// Whether a value contains only visible ASCII characters.
pub(super) fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}
