//! Bodies, read strictly: a member that a call does not take is an error, as `ttl_second` would otherwise silently be
//! the default of `ttl_seconds`.

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use axum::extract::{FromRequest, Request};
use billing::{
    account::EmailAddress,
    wallet::{Amount, Command, Details, InvalidDetails, Reason, Reference, Ttl},
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{error::Category, value::RawValue};
use serde_path_to_error::{Path, Segment};
use utoipa::ToSchema;

use super::refusal::PlatformProblem;
use crate::http::{input, problem::Problem};

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = PlatformProblem;

    async fn from_request(request: Request, state: &S) -> Result<Self, PlatformProblem> {
        let input::Body(json): input::Body<Box<RawValue>> = input::Body::from_request(request, state).await?;
        read(json.get()).map(Self)
    }
}

fn read<T: DeserializeOwned>(json: &str) -> Result<T, PlatformProblem> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let read = serde_path_to_error::deserialize(&mut deserializer);
    read.map(|Object(body)| body).map_err(|error| problem(error.path(), error.inner()))
}

/// What is read from a JSON object alone: derived implementations take an array of the members' values, too.
#[derive(Debug)]
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FromMap<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for FromMap<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_map(FromMap(PhantomData)).map(Self)
    }
}

/// What is wrong with a body that is JSON.
fn problem(path: &Path, error: &serde_json::Error) -> PlatformProblem {
    let text = error.to_string();
    // 1e400 is JSON, but no number that serde_json can read.
    if error.classify() != Category::Data && !text.starts_with("number out of range") {
        return Problem::MALFORMED_BODY.into();
    }
    if let Some(name) = quoted(&text, "unknown field `") {
        let known =
            text.split_once(", ").and_then(|(_, known)| known.rsplit_once(" at line ")).map_or("", |(known, _)| known);
        let detail = format!("There is no `{name}` here: {known}.");
        return PlatformProblem::with_detail(Problem::UNKNOWN_FIELD, detail);
    }
    for (beginning, wrong) in [("missing field `", "is missing"), ("duplicate field `", "is there twice")] {
        if let Some((name, problem)) = quoted(&text, beginning).and_then(|name| Some((name, of_member(name)?))) {
            return PlatformProblem::with_detail(problem, format!("`{name}` {wrong}. {}", problem.detail));
        }
    }
    let names =
        path.iter().filter_map(|segment| if let Segment::Map { key } = segment { Some(key.as_str()) } else { None });
    let members: Vec<_> = names.collect();
    // `lines[3].credits` is about credits, and `metadata.credits` about metadata.
    let member = members.iter().find(|name| **name != "lines").or(members.first());
    match member.and_then(|name| of_member(name)) {
        Some(problem) => PlatformProblem::with_detail(problem, format!("`{path}` is wrong. {}", problem.detail)),
        None => Problem::MALFORMED_BODY.into(),
    }
}

/// The name that serde quotes in a text with that beginning. Its errors tell a missing, an unknown or a doubled member
/// by their text alone.
fn quoted<'a>(text: &'a str, beginning: &str) -> Option<&'a str> {
    text.strip_prefix(beginning)?.split('`').next()
}

fn of_member(name: &str) -> Option<Problem> {
    Some(match name {
        "credits" => Problem::INVALID_CREDITS,
        "ttl_seconds" => Problem::INVALID_TTL,
        "reference" => Problem::INVALID_REFERENCE,
        "description" => Problem::INVALID_DESCRIPTION,
        "metadata" => Problem::INVALID_METADATA,
        "reason" => Problem::INVALID_REASON,
        "final" => Problem::INVALID_FINAL,
        "lines" => Problem::INVALID_LINES,
        "email" => Problem::INVALID_EMAIL,
        "name" => Problem::INVALID_NAME,
        "low_balance" => Problem::INVALID_LOW_BALANCE,
        _ => return None,
    })
}

/// What the buyer reads; an empty text is none.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Description(Option<String>);

impl TryFrom<String> for Description {
    type Error = InvalidDetails;

    fn try_from(text: String) -> Result<Self, InvalidDetails> {
        Details::new(None, Some(text), BTreeMap::new()).map(|details| Self(details.description))
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "Pairs")]
struct Metadata(BTreeMap<String, String>);

impl TryFrom<Pairs> for Metadata {
    type Error = InvalidDetails;

    fn try_from(Pairs(pairs): Pairs) -> Result<Self, InvalidDetails> {
        Details::new(None, None, pairs).map(|details| Self(details.metadata))
    }
}

/// An object of texts. Of a key that is there twice, a map would silently take the last one.
struct Pairs(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EachOnce;

        impl<'de> Visitor<'de> for EachOnce {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = BTreeMap::new();
                while let Some((key, value)) = map.next_entry()? {
                    if pairs.insert(key, value).is_some() {
                        return Err(A::Error::custom("a key is there twice"));
                    }
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(EachOnce)
    }
}

fn details(reference: Option<Reference>, description: Option<Description>, metadata: Option<Metadata>) -> Details {
    let description = description.and_then(|Description(text)| text);
    Details { reference, description, metadata: metadata.unwrap_or_default().0 }
}

/// Credits to be taken for good.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSpend)]
pub struct SpendBody {
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000_000)]
    credits: Amount,
    /// The platform's own id of the job. Shown to the operator.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    reference: Option<Reference>,
    /// What the buyer reads in the ledger.
    #[schema(value_type = Option<String>, max_length = 500)]
    description: Option<Description>,
    /// At most 20 pairs: keys of 1 to 40 characters, values of at most 500. Shown to the operator.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    metadata: Option<Metadata>,
}

impl From<SpendBody> for billing::wallet::SpendLine {
    fn from(body: SpendBody) -> Self {
        Self { credits: body.credits, details: details(body.reference, body.description, body.metadata) }
    }
}

/// Several spends, all or none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSpends)]
pub struct SpendsBody {
    #[schema(value_type = Vec<SpendBody>, min_items = 1, max_items = 100)]
    lines: Lines,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "Vec<Object<SpendBody>>")]
struct Lines(Vec<SpendBody>);

impl TryFrom<Vec<Object<SpendBody>>> for Lines {
    type Error = &'static str;

    fn try_from(lines: Vec<Object<SpendBody>>) -> Result<Self, &'static str> {
        if (1..=Command::BULK_MAX).contains(&lines.len()) {
            Ok(Self(lines.into_iter().map(|Object(line)| line).collect()))
        } else {
            Err(Problem::INVALID_LINES.detail)
        }
    }
}

impl From<SpendsBody> for Command {
    fn from(SpendsBody { lines: Lines(lines) }: SpendsBody) -> Self {
        Self::SpendBulk(lines.into_iter().map(Into::into).collect())
    }
}

/// Credits to be set aside.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewHold)]
pub struct HoldBody {
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000_000)]
    credits: Amount,
    /// For how long, from now; 900 unless given.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 86_400)]
    ttl_seconds: Option<Ttl>,
    /// The platform's own id of the job. Shown to the operator.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    reference: Option<Reference>,
    /// What the buyer reads in the ledger, once it is captured.
    #[schema(value_type = Option<String>, max_length = 500)]
    description: Option<Description>,
    /// At most 20 pairs: keys of 1 to 40 characters, values of at most 500. Shown to the operator.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    metadata: Option<Metadata>,
}

impl From<HoldBody> for Command {
    fn from(body: HoldBody) -> Self {
        Self::Hold {
            credits: body.credits,
            ttl: body.ttl_seconds.unwrap_or_default(),
            details: details(body.reference, body.description, body.metadata),
        }
    }
}

/// Credits of a capture: 0 lets the hold go.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "i64")]
pub(super) enum CaptureCredits {
    None,
    Some(Amount),
}

impl TryFrom<i64> for CaptureCredits {
    type Error = billing::wallet::InvalidAmount;

    fn try_from(credits: i64) -> Result<Self, Self::Error> {
        if credits == 0 { Ok(Self::None) } else { Amount::try_from(credits).map(Self::Some) }
    }
}

/// How much of a hold is spent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Capture)]
pub struct CaptureBody {
    /// All that is left, unless given. 0 spends nothing and releases the hold.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 1_000_000_000)]
    pub(super) credits: Option<CaptureCredits>,
    /// Whether the rest is let go; true unless given.
    #[serde(rename = "final")]
    pub(super) last: Option<bool>,
    /// What the buyer reads in the ledger, in place of the hold's.
    #[schema(value_type = Option<String>, max_length = 500)]
    description: Option<Description>,
}

impl CaptureBody {
    /// The text for the buyer, if one is given.
    pub(super) fn into_description(self) -> Option<String> {
        self.description.and_then(|Description(text)| text)
    }
}

/// A new end of a hold, and perhaps more credits.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Extension)]
pub struct ExtendBody {
    /// From now.
    #[schema(value_type = i64, minimum = 1, maximum = 86_400)]
    pub(super) ttl_seconds: Ttl,
    /// How many more.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000_000)]
    pub(super) credits: Option<Amount>,
}

/// Credits to be given back of a spend, or taken back of a grant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReversal)]
pub struct ReversalBody {
    /// All that is left, unless given.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000_000)]
    pub(super) credits: Option<Amount>,
    /// Why; shown to the buyer.
    #[schema(value_type = String, min_length = 1, max_length = 500)]
    pub(super) reason: Reason,
}

/// Credits that nobody bought, to be given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewGrant)]
pub struct GrantBody {
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000_000)]
    credits: Amount,
    /// Why; shown to the buyer.
    #[schema(value_type = String, min_length = 1, max_length = 500)]
    reason: Reason,
}

impl From<GrantBody> for Command {
    fn from(GrantBody { credits, reason }: GrantBody) -> Self {
        Self::Grant { credits, reason }
    }
}

/// What the platform says about a tenant. What is missing or null stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TenantProfile)]
pub struct TenantBody {
    /// Where an account has this address, and no external id leads to its tenant yet, a new external id leads there.
    #[schema(value_type = Option<String>, format = Email, max_length = 254)]
    email: Option<Email>,
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    name: Option<TenantName>,
    /// Below which balance the platform is told.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000_000)]
    low_balance: Option<Amount>,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Email(EmailAddress);

impl TryFrom<String> for Email {
    type Error = billing::account::InvalidEmail;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

/// Has the limits of a reference.
#[derive(Debug, Deserialize)]
struct TenantName(Reference);

impl From<TenantBody> for billing::tenant::TenantProfile {
    fn from(body: TenantBody) -> Self {
        Self {
            email: body.email.map(|Email(email)| email),
            name: body.name.map(|TenantName(name)| name.into()),
            low_balance: body.low_balance.map(Amount::credits),
        }
    }
}
