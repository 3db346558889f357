//! A received declaration of withdrawal.

use billing::{ids::WithdrawalId, withdrawal::WithdrawalDecision};

use super::server;
use crate::{error::ShopError, wall_time::WallTime};

/// A declaration, as the consumer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WithdrawalView {
    pub(crate) received_at: WallTime,
    pub(crate) contract: String,
    pub(crate) email: String,
    /// The decision; shown only to users of the purchase's tenant.
    pub(crate) judged: Option<Judged>,
}

/// The decision on a declaration, and its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) decision: WithdrawalDecision,
    pub(crate) ordered_at: WallTime,
    pub(crate) paid_at: Option<WallTime>,
}

/// The declaration with this id.
pub(crate) async fn withdrawal(id: WithdrawalId) -> Result<WithdrawalView, ShopError> {
    let shop = server::shop()?;
    let withdrawal = shop.billing.withdrawal(id).await?.ok_or(ShopError::NotFound)?;
    let zone = &shop.settings.time_zone;
    let own =
        withdrawal.purchase.filter(|(tenant, _)| server::signed_in().is_ok_and(|(_, who)| who.tenant_id == *tenant));
    let purchase = match own {
        Some((tenant, purchase)) => shop.billing.purchase(tenant, purchase).await?,
        None => None,
    };
    Ok(WithdrawalView {
        received_at: WallTime::at(withdrawal.received_at, zone),
        contract: withdrawal.declaration.contract,
        email: withdrawal.declaration.email.as_str().to_owned(),
        judged: purchase.map(|purchase| Judged {
            decision: withdrawal.decision,
            ordered_at: WallTime::at(purchase.created_at, zone),
            paid_at: purchase.state.paid_at().map(|at| WallTime::at(at, zone)),
        }),
    })
}
