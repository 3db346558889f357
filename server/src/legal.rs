//! The legal texts: the operator's Markdown files, or the samples that come with the shop.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use app::{
    context::{Legal, LegalText, LegalTexts},
    legal::LegalPage,
};
use billing::{consent::ConsentText, locale::Locale};
use pulldown_cmark::{Event, Parser, html};
use sha2::{Digest, Sha256};

/// How many bytes of the text's SHA-256 name its version: 48 bits are enough for a handful of texts.
const VERSION_BYTES: usize = 6;

macro_rules! samples {
    ($($locale:ident $tag:literal)+) => {
        [$(
            (Locale::$locale, [
                ("imprint", include_str!(concat!("../legal/imprint.", $tag, ".md"))),
                ("terms", include_str!(concat!("../legal/terms.", $tag, ".md"))),
                ("privacy", include_str!(concat!("../legal/privacy.", $tag, ".md"))),
                ("withdrawal", include_str!(concat!("../legal/withdrawal.", $tag, ".md"))),
                ("consent", include_str!(concat!("../legal/consent.", $tag, ".md"))),
            ]),
        )+]
    };
}

/// The samples, by language and name. A language without samples uses those of the last one.
const SAMPLES: [(Locale, [(&str, &str); 5]); 2] = samples!(De "de" En "en");

/// The sample for a file that the operator has not written.
fn sample(name: &str, locale: Locale) -> &'static str {
    let [.., (_, fallback)] = &SAMPLES;
    let own = SAMPLES.iter().find(|(known, _)| *known == locale).map_or(fallback, |(_, texts)| texts);
    own.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text)
}

/// The texts, and the names of the missing files.
#[derive(Clone, Debug)]
pub struct Read {
    /// The texts.
    pub legal: Legal,
    /// The files for which samples are used, such as `imprint.de.md`.
    pub samples: Vec<String>,
}

/// Reads `imprint`, `terms`, `privacy`, `withdrawal` and `consent`, each `.de.md` and `.en.md`, from a folder. A
/// missing file is replaced by a sample. A file that cannot be read or is empty is an error.
pub fn read(folder: Option<&Path>) -> Result<Read, String> {
    let mut samples = Vec::new();
    let mut text = |name: &str, locale: Locale| {
        let file = format!("{name}.{}.md", locale.as_str());
        let own = folder.map(|folder| own_text(&folder.join(&file))).transpose()?.flatten();
        if own.is_none() {
            samples.push(file);
        }
        let is_sample = own.is_none();
        Ok::<_, String>((own.unwrap_or_else(|| sample(name, locale).to_owned()), is_sample))
    };
    let mut texts = Vec::new();
    for locale in Locale::ALL {
        let mut pages = Vec::new();
        for page in LegalPage::ALL {
            let (markdown, sample) = text(page.name(), locale)?;
            pages.push(LegalText { html: to_html(&markdown), sample });
        }
        let (consent, _) = text("consent", locale)?;
        let pages = pages.try_into().map_err(|_| "The legal pages are incomplete.".to_owned())?;
        texts.push(LegalTexts { consent: consent_text(locale, consent.trim())?, pages });
    }
    let legal = texts.try_into().map_err(|_| "The legal texts are incomplete.".to_owned())?;
    Ok(Read { legal: Legal(legal), samples })
}

fn own_text(file: &PathBuf) -> Result<Option<String>, String> {
    let wrong = |what: &str| format!("LEGAL_DIR: the file {} {what}.", file.display());
    match fs::read_to_string(file) {
        Ok(text) if text.trim().is_empty() => {
            Err(wrong("is empty: write the text, or remove the file to use the sample"))
        }
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(wrong("is not UTF-8: save it as UTF-8")),
        Err(error) => Err(wrong(&format!("cannot be read ({error})"))),
    }
}

/// Derives the version from the text, so that each wording has its own.
fn consent_text(locale: Locale, text: &str) -> Result<ConsentText, String> {
    let digest = Sha256::digest(text);
    let version = hex::encode(&digest[..VERSION_BYTES]).parse();
    let version = version.map_err(|error| format!("The consent's version cannot be made: {error}."))?;
    Ok(ConsentText { version, locale, text: text.to_owned() })
}

/// Shows HTML in the Markdown as text, so that no file can break a page or run a script.
fn to_html(markdown: &str) -> String {
    let events = Parser::new(markdown).map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        // Keeps line breaks, as in the address of an imprint.
        Event::SoftBreak => Event::HardBreak,
        event => event,
    });
    let mut page = String::new();
    html::push_html(&mut page, events);
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_files_every_text_is_a_sample() {
        let read = read(None).expect("the samples are complete");
        assert_eq!(read.samples.len(), Locale::ALL.len() * (LegalPage::ALL.len() + 1));
        for locale in Locale::ALL {
            let texts = read.legal.of(locale);
            assert_eq!(texts.consent.locale, locale);
            assert!(
                LegalPage::ALL.iter().all(|page| texts.page(*page).sample && texts.page(*page).html.contains("<p>"))
            );
        }
        let [de, en] = Locale::ALL.map(|locale| read.legal.of(locale).consent.version.clone());
        assert_ne!(de, en);
    }

    #[test]
    fn an_own_file_takes_the_samples_place_and_a_broken_one_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("terms.de.md");
        fs::write(&file, "## Meine AGB\n\n<script>alert(1)</script>\n\n[Seite](https://example.com)\n")
            .expect("written");
        let own = read(Some(folder.path())).expect("it can be read");
        let terms = own.legal.of(Locale::De).page(LegalPage::Terms);
        assert!(!terms.sample && terms.html.contains("<h2>Meine AGB</h2>"), "{}", terms.html);
        assert!(
            !terms.html.contains("<script>") && terms.html.contains("href=\"https://example.com\""),
            "{}",
            terms.html
        );
        assert!(own.legal.of(Locale::En).page(LegalPage::Terms).sample);
        assert!(!own.samples.contains(&"terms.de.md".to_owned()) && own.samples.contains(&"terms.en.md".to_owned()));

        fs::write(&file, " \n").expect("written");
        let wrong = read(Some(folder.path())).expect_err("it is empty");
        assert!(wrong.starts_with("LEGAL_DIR: the file ") && wrong.contains("terms.de.md is empty"), "{wrong}");
        fs::write(&file, [0xff, 0xfe]).expect("written");
        assert!(read(Some(folder.path())).expect_err("no text").contains("is not UTF-8"));
    }

    #[test]
    fn another_wording_has_another_version() {
        let version = |text| consent_text(Locale::De, text).expect("a version").version;
        assert_eq!(version("Ja."), version("Ja."));
        assert_ne!(version("Ja."), version("Ja!"));
    }
}
