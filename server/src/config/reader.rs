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

    /// The value without the white space around it; `None` if it is empty. A value of white space alone is an error,
    /// since somebody meant to set it.
    pub(super) fn get(&mut self, name: &str) -> Option<String> {
        let value = (self.lookup)(name).filter(|value| !value.is_empty())?;
        let trimmed = value.trim();
        if trimmed.is_empty() {
            self.complain(format!("{name} is wrong: it is nothing but white space. Set it, or unset it."));
            return None;
        }
        Some(trimmed.to_owned())
    }

    /// The items of a comma-separated list. Each is unique, is not empty, and contains no blanks.
    pub(super) fn list(&mut self, name: &str) -> Vec<String> {
        let Some(text) = self.get(name) else { return Vec::new() };
        // A wrong list is not a missing one.
        let Some(items) = self.items(name, &text, &[',']) else { return vec![text] };
        // No error shows an item, because it may be a secret.
        if !items.iter().all(|item| is_word(item)) {
            self.complain(format!("{name} is wrong: an item has a blank or a character that is not ASCII in it."));
        } else if (1..items.len()).any(|place| items[..place].contains(&items[place])) {
            self.complain(format!("{name} is wrong: an item is there twice."));
        }
        items
    }

    /// A text of one line. If it contains commas, they separate parts that are not empty.
    pub(super) fn line(&mut self, name: &str) -> Option<String> {
        let text = self.get(name)?;
        self.items(name, &text, &[','])?;
        Some(text)
    }

    /// The lines of a text, separated by commas, line breaks, or a comma before a line break.
    pub(super) fn lines(&mut self, name: &str) -> Option<Vec<String>> {
        let text = self.get(name)?;
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        self.items(name, &lines.join("\n").replace(",\n", "\n"), &[',', '\n'])
    }

    /// Splits a text into items. None is empty or contains a control character.
    fn items(&mut self, name: &str, text: &str, separators: &[char]) -> Option<Vec<String>> {
        let items: Vec<_> = text.split(separators).collect();
        if items.iter().any(|item| item.trim().is_empty()) {
            self.complain(format!(
                "{name} is wrong: there is a comma too many, or an empty line, and so an empty item."
            ));
        } else if items.iter().any(|item| item.contains(char::is_control)) {
            self.complain(format!("{name} is wrong: there is a line break or another control character in it."));
        } else {
            return Some(items.into_iter().map(|item| item.trim().to_owned()).collect());
        }
        None
    }

    /// Adds an error. A setting may be read twice, but its error is kept once.
    pub(super) fn complain(&mut self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        if !self.wrong.contains(&sentence) {
            self.wrong.push(sentence);
        }
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
