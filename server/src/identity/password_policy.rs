//! The password policy (NIST SP 800-63B, section 5.1.1.2): any password of sufficient length, except those that
//! attackers try first.

use billing::account::EmailAddress;
use zxcvbn::{Score, zxcvbn};

const CHARACTERS_MIN: usize = 10;
const CHARACTERS_MAX: usize = 128;
/// The fewest characters that are not part of the e-mail address or the shop's name.
const CHARACTERS_BESIDES_OWN_WORDS_MIN: usize = 6;
/// More than 10⁸ guesses, which is enough for a sign-in page with rate limits.
const SCORE_MIN: Score = Score::Three;

/// The rule in English, for the API and the operator.
pub const RULE: &str = "A password has 10 to 128 characters and is not easily guessed: no word with a number behind it, no \
                        row of keys, nothing repeated, and not the e-mail address or the shop's name.";

/// The shop's name, word by word.
const SHOP_NAME: [&str; 2] = ["iza", "credits"];

/// Words that this shop's customers are likely to use, in addition to the English words and leaked passwords that
/// `zxcvbn` knows.
const LOCAL_WORDS: [&str; 37] = [
    "credit",
    "guthaben",
    "passwort",
    "kennwort",
    "geheim",
    "hallo",
    "willkommen",
    "schatz",
    "liebe",
    "qwertz",
    "qwertzuiop",
    "asdfghjklö",
    "yxcvbnm",
    "sommer",
    "winter",
    "herbst",
    "frühling",
    "sonnenschein",
    "schnecke",
    "fussball",
    "fußball",
    "deutschland",
    "berlin",
    "hamburg",
    "münchen",
    "montag",
    "freitag",
    "januar",
    "februar",
    "märz",
    "april",
    "september",
    "oktober",
    "november",
    "dezember",
    "baby",
    "hund",
];

/// Whether the account may have this new password.
pub fn is_allowed(password: &str, email: &EmailAddress) -> bool {
    let length = password.chars().count();
    let typable = !password.chars().any(char::is_control);
    (CHARACTERS_MIN..=CHARACTERS_MAX).contains(&length) && typable && is_hard_to_guess(password, email)
}

fn is_hard_to_guess(password: &str, email: &EmailAddress) -> bool {
    let email = email.as_str();
    let parts = email.split(|character: char| !character.is_alphanumeric()).filter(|part| part.len() > 2);
    let local_part = email.split('@').next();
    let own_words: Vec<&str> = [email].into_iter().chain(local_part).chain(parts).chain(SHOP_NAME).collect();
    // `zxcvbn` finds these words too, but rates several of them in a row as a passphrase.
    let besides = own_words.iter().fold(password.to_lowercase(), |rest, word| rest.replace(word, ""));
    if besides.chars().count() < CHARACTERS_BESIDES_OWN_WORDS_MIN {
        return false;
    }
    let context: Vec<&str> = own_words.into_iter().chain(LOCAL_WORDS).collect();
    zxcvbn(password, &context).score() >= SCORE_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_each(passwords: &[&str], allowed: bool) {
        let email = "kim.long@example.com".parse().unwrap();
        for password in passwords {
            assert_eq!(is_allowed(password, &email), allowed, "{password:?}");
        }
    }

    #[test]
    fn a_password_that_is_guessed_first_is_refused() {
        assert_each(&["1234567890", "password123", "qwertyuiop", "letmein12345", "iloveyou123", "1q2w3e4r5t6z"], false);
        assert_each(
            &["passwort123", "hallo12345", "Willkommen1", "qwertz12345", "Sommer2024", "schalke04schalke04"],
            false,
        );
    }

    #[test]
    fn a_password_that_repeats_itself_is_refused() {
        assert_each(&["          ", "aaaaaaaaaa", "ääääääääää", "abcabcabcabc", "abcdefghij", "9876543210"], false);
        assert_each(&[&"x".repeat(128), &"ab1 ".repeat(32)], false);
    }

    #[test]
    fn the_address_and_the_shops_name_are_no_passwords() {
        assert_each(
            &["Kim.Long@example.com", "kim.long12", "kimlongkim", "iza-credits", "IZA-Credits1", "example.com"],
            false,
        );
    }

    #[test]
    fn a_password_that_cannot_be_typed_or_is_too_short_or_too_long_is_refused() {
        assert_each(&["", "x7!kQ2$pZ", "correct horse\0battery", "correct\nhorse\nbattery"], false);
        assert_each(&["correct horse battery ".repeat(6).as_str()], false);
    }

    #[test]
    fn a_phrase_or_a_random_password_is_allowed() {
        assert_each(
            &[
                "correct horse battery",
                "x7!kQ2$pZw",
                "paß wörter im zug",
                "anna trinkt kaffee",
                "密码是一个很长的句子吗",
            ],
            true,
        );
        let long: String =
            "Der Mond ist aufgegangen, die goldnen Sternlein prangen am Himmel hell und klar. ".chars().collect();
        assert_each(&[&long], true);
    }
}
