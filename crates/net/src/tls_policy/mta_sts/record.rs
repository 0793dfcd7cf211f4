//! The TXT record that announces a policy. RFC 8461 3.1.

/// Characters of an id. RFC 8461 3.1.
const ID_BYTES_MAX: usize = 32;

/// Returns the id in the one MTA-STS record among a name's TXT records; `None` when there is none, or more than one.
pub fn record_id(texts: &[String]) -> Option<String> {
    // RFC 8461 3.1: records that do not begin with the version are not ours to look at; two that do are as good as none.
    let mut records = texts.iter().filter(|text| is_ours(text));
    let (record, None) = (records.next()?, records.next()) else {
        return None;
    };
    let id = record.split(';').skip(1).find_map(|field| {
        let (name, value) = field.split_once('=')?;
        (name.trim() == "id").then(|| value.trim())
    })?;
    let well_formed = !id.is_empty()
        && id.len() <= ID_BYTES_MAX
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    well_formed.then(|| id.to_owned())
}

fn is_ours(text: &str) -> bool {
    let version = text.split(';').next().unwrap_or_default();
    version.trim_end() == "v=STSv1" && text.contains(';')
}

#[cfg(test)]
mod tests {
    use super::record_id;

    fn of(texts: &[&str]) -> Option<String> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        record_id(&texts)
    }

    #[test]
    fn id_is_found_whatever_stands_around_it() {
        assert_eq!(
            of(&["v=STSv1; id=20160831085700Z;"]).as_deref(),
            Some("20160831085700Z")
        );
        assert_eq!(of(&["v=STSv1;id=a"]).as_deref(), Some("a"));
        assert_eq!(
            of(&["v=spf1 -all", "v=STSv1; x=y; id=b1; z=1"]).as_deref(),
            Some("b1")
        );
    }

    #[test]
    fn two_records_or_a_malformed_one_announce_nothing() {
        assert_eq!(of(&["v=STSv1; id=a;", "v=STSv1; id=b;"]), None);
        for wrong in [
            "v=STSv1",
            "v=STSv1;",
            "v=STSv1; id=;",
            "v=STSv1; id=a-b",
            "v=STSv10; id=a",
            "id=a; v=STSv1",
        ] {
            assert_eq!(of(&[wrong]), None, "{wrong}");
        }
        let long = format!("v=STSv1; id={}", "a".repeat(33));
        assert_eq!(of(&[&long]), None);
        assert_eq!(of(&[]), None);
    }
}
