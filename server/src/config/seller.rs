//! Who sells, for the receipt.

use billing::receipt::Seller;

use super::reader::Reader;

/// The seller; a made-up one where nothing is set, unless real money is taken.
pub(super) fn seller(reader: &mut Reader<'_>, live: bool) -> Seller {
    let name = reader.line("SELLER_NAME");
    let address = reader.lines("SELLER_ADDRESS");
    let vat_id = reader.line("SELLER_VAT_ID");
    if live {
        for name in ["SELLER_NAME", "SELLER_ADDRESS", "SELLER_VAT_ID"] {
            if reader.get(name).is_none() {
                reader.complain(format!("{name} is missing: receipts must name the seller. Set it."));
            }
        }
    }
    Seller {
        name: name.unwrap_or_else(|| "Muster GmbH (Demo)".to_owned()),
        address: address.unwrap_or_else(|| ["Musterstraße 1", "10115 Berlin"].map(str::to_owned).to_vec()),
        vat_id: vat_id.unwrap_or_else(|| "DE123456789".to_owned()),
    }
}
