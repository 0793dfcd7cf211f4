//! Numbers as people write them, of cards and of other things. Judged by the table: what is a card, and what only looks so.

use proptest::prelude::*;

use super::*;

fn issuers(text: &str) -> Vec<&'static str> {
    find(text).into_iter().map(|card| card.issuer).collect()
}

const CARDS: [(&str, &str); 51] = [
    (
        "Please take the money for the order\n\n4111 1111 1111 1111",
        "Visa",
    ),
    (
        "<p>My order.</p><p class=\"order\" style=\"font-family:Helvetica,Arial,sans-serif\">Visa <b>4111 1111 1111 1111</b></p>",
        "Visa",
    ),
    ("card 4111 1111\n1111 1111", "Visa"),
    ("<p>card 4111\n1111\n1111\n1111", "Visa"),
    (
        "For my order please charge card 4111 1111 1111 1111",
        "Visa",
    ),
    ("4111 1111 1111 1111", "Visa"),
    ("4111-1111-1111-1111", "Visa"),
    ("pay with 4111111111111111.", "Visa"),
    ("4111 1111 1111 1111 12/27 123", "Visa"),
    ("4111 1111 1111 1111 12 27", "Visa"),
    ("4111 1111 1111 1111 1227 123", "Visa"),
    ("5555555555554444", "Mastercard"),
    ("2223003122003222", "Mastercard"),
    ("3782 822463 10005", "American Express"),
    ("378282246310005", "American Express"),
    ("6011 1111 1111 1117", "Discover"),
    ("3056 930902 5904", "Diners Club"),
    ("3530111333300000", "JCB"),
    ("my order is paid with card 4111111111111111", "Visa"),
    ("The order was placed with 4111 1111 1111 1111", "Visa"),
    ("Order 4711, card number 4111111111111111", "Visa"),
    (
        "Thank you for the order. 4111 1111 1111 1111, exp 12/27",
        "Visa",
    ),
    ("Order: 4111111111111111 exp 12/27 CVV 123", "Visa"),
    ("Kartennummer: 4111111111111111", "Visa"),
    ("Kreditkartennummer 4111111111111111", "Visa"),
    ("Bestellung, Kreditkarte 4111111111111111", "Visa"),
    ("Kreditkarten-Nr. 5555555555554444", "Mastercard"),
    ("numéro de carte : 4111111111111111", "Visa"),
    ("Tarjeta 5555 5555 5555 4444", "Mastercard"),
    ("Numero carta: 4111111111111111", "Visa"),
    ("creditcardnummer 4111111111111111", "Visa"),
    ("kortnummer: 4111111111111111", "Visa"),
    ("Discover 6011111111111117", "Discover"),
    ("Discover card no. 6011000990139424", "Discover"),
    ("Amex: 371449635398431", "American Express"),
    ("card id 4111111111111111", "Visa"),
    ("card account 4111111111111111", "Visa"),
    ("Visa gift card 4111 1111 1111 1111", "Visa"),
    ("cardholder Ann, 4111 1111 1111 1111", "Visa"),
    ("Charge the customer's 4111 1111 1111 1111", "Visa"),
    ("Use 4111 1111 1111 1111 for the order", "Visa"),
    (
        "thanks a lot, here it is for you: 4111 1111 1111 1111",
        "Visa",
    ),
    ("Diners card 30569309025904", "Diners Club"),
    ("card 4222222222222", "Visa"),
    ("Card:\n4111\n1111\n1111\n1111", "Visa"),
    ("card 4111.1111.1111.1111", "Visa"),
    ("https://pay.example/?card=4111111111111111", "Visa"),
    ("{\"pan\":\"4111111111111111\"}", "Visa"),
    ("name,card,exp\nAnn,4111111111111111,12/27", "Visa"),
    ("2 4111 1111 1111 1111", "Visa"),
    ("UnionPay 6200000000000005", "UnionPay"),
];

const OTHERS: [&str; 115] = [
    "Order number\n\n4012888888881881",
    "Thank you, we shipped it today.\n\nInvoice\n\n4012888888881881",
    "<td>\n  Your order number\n </td>\n <td>\n  4012888888881881\n </td>",
    "<table><tr><th>Order no.</th><th>Date</th><th>Item</th><th>Customer name</th></tr><tr><td>4012888888881881</td></tr></table>",
    "<tr><td style=\"padding:8px 16px;font-family:Arial,sans-serif\">Order number</td><td style=\"padding:8px 16px;font-weight:bold\">4012888888881881</td></tr>",
    "<p>Your order <span style=\"font-family:Helvetica,Arial,sans-serif;font-size:14px;color:#222222\">4012888888881881</span> shipped</p>",
    "Tracking number: <a href=\"https://track.example/t?id=4012888888881881\" style=\"text-decoration:underline\" target=\"_blank\">4012888888881881</a>",
    "Ticket #4929000000006",
    "Заказ № 4012888888881881",
    "注文番号 4012888888881881",
    "{\"fbid\": 4012888888881881}",
    "Parcel 4012 8888 8888 1881",
    "phone 4012 8888 8888 1881",
    "Reference: 5555555555554444",
    "customer id 4242 4242, table of numbers 4539 1488 0343 6467 1234",
    "Order 4012888888881881. Discover our new collection!",
    "Order 4012888888881881 shipped. Your loyalty card points: 12",
    "Order number: 4012888888881881\n\nGift card balance: 0",
    "Bestellnummer 4012888888881881",
    "Rechnungsnummer: 4012888888881881",
    "Sendung 4012888888881881",
    "Rechnung Nr. 4012888888881881",
    "Bestellung: 4012888888881881",
    "Numéro de commande : 4012888888881881",
    "Kundennummer 4012888888881881",
    "Vorgang 4012888888881881",
    "Customer number 4012888888881881",
    "Transaction 4012888888881881",
    "Booking 4012888888881881",
    "Confirmation number 4012888888881881",
    "Your ticket numbers are:\n\n4012888888881881",
    "Order no.\nDate\nItem\nCustomer name\n4012888888881881",
    "order_id=4012888888881881",
    "orderId: 4012888888881881",
    "\"order\":\"4012888888881881\"",
    "Order ID\n4012888888881881",
    "https://facebook.com/4012888888881881",
    "https://shop.example/p?sku=4012888888881881",
    "IMSI 4539148803436467",
    "Pakket 3SABCD 4539148803436467",
    "1790 0001 2345 6789",
    "Rastreio 4539148803436467",
    "timestamp 4012888888881",
    "EAN 4006381333931",
    "GTIN/EAN: 4006381333931",
    "4006381333931 Stabilo Boss",
    "Art.-Nr. 4006381333931 (Stabilo)",
    "Barcode 4006381333931",
    "Product 4006381333931, price 1.20",
    "order 4111111111111111",
    "Order no. 4111 1111 1111 1111",
    "Orders: 4111111111111111",
    "Your order of 23 November 2026 has the number 4111111111111111",
    "order number\n4111111111111111",
    "orderId: 4111111111111111",
    "order_id=4111111111111111",
    "{\"id\": 4111111111111111}",
    "Your gift card order 4111111111111111 is on its way",
    "Order 4111111111111111 (gift card)",
    "Discover our new range: order 4111111111111111",
    "Discover your order 6011111111111117",
    "Card payment for order 4111111111111111",
    "Visa or Mastercard? Order 4111111111111111 is not paid",
    "visa application 4111111111111111",
    "loyalty card 4111111111111111",
    "library card number 4111111111111111",
    "SIM card 4111111111111111",
    "business card order 5555555555554444",
    "Geschenkkartenbestellung 4111111111111111",
    "Kartenbestellung Nr. 4111111111111111",
    "Bestellung 4111111111111111",
    "Bestellnummer: 4111111111111111",
    "Ihre Visitenkartenbestellung 5555555555554444",
    "Rechnungsnummer 5555555555554444",
    "Auftragsnr. 4111111111111111",
    "Sendungsnummer 4111 1111 1111 1111",
    "Kundenkarte 4111111111111111",
    "Kundennummer 4111111111111111",
    "Telefonnummer 4111111111111111",
    "Tracking number: 4111111111111111",
    "tracking 5555 5555 5555 4444",
    "Parcel 4111111111111111",
    "shipment no 5555555555554444",
    "invoice #4111111111111111",
    "Facture n° 4111111111111111",
    "Votre commande nº 5105105105105100",
    "pedido 4111111111111111",
    "ordine n. 4111111111111111",
    "ticket 4111111111111111",
    "transaction 4111111111111111",
    "customer no. 4111111111111111",
    "IMEI 378282246310005",
    "4111111111111111 is your order number",
    "4111111111111111 (order)",
    "4111 1111 1111 1112",
    "4000000000000000",
    "0000 0000 0000 0000",
    "+49 4111 111 111 111 11",
    "Tel. 4111111111111111",
    "DE89 3704 0044 0532 0130 00",
    "DE12 4111 1111 1111 1111 00",
    "IT60 X054 4111 1111 1111 1111",
    "978-3-16-148410-0",
    "x4111111111111111",
    "4111111111111111a",
    "4111111111111111.50",
    "41111111111111111111111",
    "4111 1111 1111 1111 1111 11",
    "https://shop.example/t/4111111111111111",
    "2026-11-23 21:37:48",
    "1790000000123456",
    "30112026120009",
    "4222222222222",
    "9400 1000 0000 0000 0000 00",
    "2021\n4111\n1111\n1111\n1111\n2022",
];

#[test]
fn agent_04_cards_are_found_however_people_write_them() {
    let judged = CARDS.map(|(text, issuer)| (issuers(text), text, issuer));
    let missed = judged
        .iter()
        .filter(|(found, _, issuer)| found != &[*issuer]);
    assert_eq!(missed.collect::<Vec<_>>(), Vec::<&_>::new());
}

#[test]
fn agent_04_orders_parcels_accounts_and_phones_are_no_cards() {
    let alarms = OTHERS.iter().filter(|text| !find(text).is_empty());
    assert_eq!(alarms.collect::<Vec<_>>(), Vec::<&&str>::new());
}

#[test]
fn a_column_of_numbers_is_none_of_cards_unless_half_of_them_could_be() {
    let rows = |numbers: &[&str]| numbers.join(",20.00\n");
    let mut mixed = vec!["4111111111111112"; 12];
    mixed.push("4111111111111111");
    assert_eq!(issuers(&rows(&mixed)), [""; 0]);
    assert_eq!(
        issuers(&rows(&["4111111111111111"; 13])).len(),
        FINDINGS_PER_DETECTOR_MAX
    );
}

#[test]
fn a_card_is_called_in_plain_english() {
    let told = |issuer| {
        let finding = crate::guard::Finding {
            kind: crate::guard::FindingKind::PaymentCard { issuer },
            response: crate::policy::GuardAction::Hold,
            place: crate::guard::Place::Text,
            position: 0,
            excerpt: String::new(),
        };
        finding.to_string()
    };
    assert!(told("American Express").contains("of an American Express card"));
    assert!(told("UnionPay").contains("of a UnionPay card"));
}

#[test]
fn several_cards_in_one_row_of_digits_are_all_found() {
    let row = "4111 1111 1111 1111 5555 5555 5555 4444 12 27";
    assert_eq!(issuers(row), ["Visa", "Mastercard"]);
    let far = format!("{}\n4111 1111 1111 1111", "1000\n".repeat(38).trim_end());
    assert_eq!(issuers(&far), ["Visa"], "across the bound of a run");
}

#[test]
fn digits_without_end_cost_their_length() {
    let digits = "4111 ".repeat(400_000);
    assert!(find(&digits).len() <= FINDINGS_PER_DETECTOR_MAX);
    assert!(find(&"4111111111111111\n".repeat(100_000)).len() <= FINDINGS_PER_DETECTOR_MAX);
}

proptest! {
    #[test]
    fn any_text_is_read_and_no_digits_but_the_last_four_are_told(text in "[0-9 \\-.ä\n]{0,80}") {
        for card in find(&text) {
            prop_assert_eq!(card.excerpt.chars().filter(char::is_ascii_digit).count(), 4);
        }
    }
}
