//! A policy as JSON: read, merged and checked.

use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::guard::Guard;
use super::limit::Limit;
use super::plan::Plan;
use super::types::TypePattern;

/// Characters of a policy's name.
pub const NAME_CHARACTERS_MAX: usize = 256;
/// Patterns in a policy's list of allowed types.
pub const ALLOWED_TYPES_MAX: usize = 100;
/// Folders that a policy makes in its accounts.
pub const ADDITIONAL_FOLDERS_MAX: usize = 50;
/// Characters of the name of such a folder, which may be a path.
pub const FOLDER_CHARACTERS_MAX: usize = 1_024;
/// Bytes of JSON that is kept with a policy without having an effect.
pub const STORED_RULES_BYTES_MAX: usize = 64 * 1_024;

/// The other name by which clients set the limit of messages sent.
const SENT_ALIAS: &str = "limit_count_daily_message_per_grant";
/// Members of a policy that the server decides.
const DECIDED: [&str; 5] = [
    "id",
    "application_id",
    "organization_id",
    "created_at",
    "updated_at",
];

/// What is wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A member is malformed or out of range.
    Invalid {
        /// Path of the member; empty for the whole document.
        field: String,
        /// What is wrong with it, in lower case.
        message: String,
    },
    /// A limit is above what the operator's plan allows.
    OverPlan {
        /// Names the member and ends with `for this plan`.
        message: String,
    },
}

impl Fault {
    pub(super) fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid {
            field: field.to_owned(),
            message: message.into(),
        }
    }
}

/// How arriving mail is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct SpamDetection {
    /// Whether lists of bad senders are asked.
    pub use_list_dnsbl: bool,
    /// Whether oddities of the header count.
    pub use_header_anomaly_detection: bool,
    /// By what the threshold is divided; larger is stricter.
    pub sensitivity: f64,
}

impl Default for SpamDetection {
    fn default() -> Self {
        Self {
            use_list_dnsbl: false,
            use_header_anomaly_detection: false,
            sensitivity: 1.0,
        }
    }
}

impl SpamDetection {
    /// Writes the members of `spam_detection`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "use_list_dnsbl": self.use_list_dnsbl,
            "use_header_anomaly_detection": self.use_header_anomaly_detection,
            "spam_sensitivity": self.sensitivity,
        })
    }
}

/// A policy as somebody wrote it; what it does not say is left to the plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// A name for people.
    pub name: String,
    limits: [Option<i64>; Limit::ALL.len()],
    /// Types of attachments that are let in; empty: all.
    pub allowed_types: Vec<TypePattern>,
    /// How arriving mail is judged.
    pub spam: SpamDetection,
    /// What is looked for in outgoing mail.
    pub guard: Guard,
    /// Folders that its accounts have.
    pub additional_folders: Vec<String>,
    use_cidr_aliasing: Option<bool>,
    rules: Vec<Value>,
}

impl Policy {
    /// Reads a policy. Returns also the paths of members that are not known.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn from_json(document: &Value, plan: &Plan) -> Result<(Self, Vec<String>), Fault> {
        let (policy, unknown) = Self::read(document)?;
        policy.check(plan)?;
        Ok((policy, unknown))
    }

    /// Reads a policy that was checked when it was written: a plan that was chosen since only caps it.
    ///
    /// # Errors
    /// [`Fault::Invalid`] when it is damaged.
    pub fn from_stored(document: &Value) -> Result<Self, Fault> {
        Self::read(document).map(|(policy, _)| policy)
    }

    /// Returns the policy with what `changes` says laid over it: objects are merged at every depth, arrays and values
    /// replaced, and `null` clears. Returns also the paths of members that are not known.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn merged(&self, changes: &Value, plan: &Plan) -> Result<(Self, Vec<String>), Fault> {
        if !changes.is_object() {
            return Err(Fault::invalid("", "expected an object"));
        }
        let mut document = self.to_stored();
        lay_over(&mut document, with_proper_names(changes));
        let (policy, unknown) = Self::read(&document)?;
        // What was legal when it was written does not stand in the way of another change.
        if policy.limits != self.limits {
            policy.check_changed(self, plan)?;
        }
        Ok((policy, unknown))
    }

    /// Writes down what somebody said, and nothing else.
    #[must_use]
    pub fn to_stored(&self) -> Value {
        let mut limits = Map::new();
        for (limit, number) in Limit::ALL.iter().zip(&self.limits) {
            if let Some(number) = number {
                limits.insert(limit.name().to_owned(), json!(number));
            }
        }
        limits.insert(
            "limit_attachment_allowed_types".to_owned(),
            json!(self.types()),
        );
        json!({
            "name": self.name,
            "limits": limits,
            "rules": self.rules,
            "options": self.options(),
            "spam_detection": self.spam.to_json(),
            "outbound_guard": self.guard.to_json(),
        })
    }

    /// Writes the members that a reader sees, with the numbers that hold under a plan.
    #[must_use]
    pub fn to_shown(&self, plan: &Plan) -> Value {
        let mut shown = self.to_stored();
        let effective = super::Effective::of(Some(self), plan);
        shown["limits"] = effective.limits_json();
        shown
    }

    /// Returns a limit as somebody set it.
    #[must_use]
    pub fn given(&self, limit: Limit) -> Option<i64> {
        self.limits[limit as usize]
    }

    fn types(&self) -> Vec<String> {
        self.allowed_types.iter().map(ToString::to_string).collect()
    }

    fn options(&self) -> Value {
        let mut options = json!({ "additional_folders": self.additional_folders });
        if let Some(flag) = self.use_cidr_aliasing {
            options["use_cidr_aliasing"] = json!(flag);
        }
        options
    }

    fn read(document: &Value) -> Result<(Self, Vec<String>), Fault> {
        let document = with_proper_names(document);
        let mut fields = Fields::of(&document, "")?;
        for name in DECIDED {
            fields.value(name);
        }
        let name = read_name(&mut fields)?;
        let mut unknown = Vec::new();
        let (limits, allowed_types) = match fields.object("limits")? {
            None => Default::default(),
            Some(mut limits) => read_limits(&mut limits, &mut unknown)?,
        };
        let spam = match fields.object("spam_detection")? {
            None => SpamDetection::default(),
            Some(mut spam) => read_spam(&mut spam, &mut unknown)?,
        };
        let guard = match fields.object("outbound_guard")? {
            None => Guard::default(),
            Some(guard) => Guard::read(guard, &mut unknown)?,
        };
        let (additional_folders, use_cidr_aliasing) = match fields.object("options")? {
            None => Default::default(),
            Some(mut options) => read_options(&mut options, &mut unknown)?,
        };
        let rules = read_rules(&mut fields)?;
        unknown.extend(fields.unknown());
        let policy = Self {
            name,
            limits,
            allowed_types,
            spam,
            guard,
            additional_folders,
            use_cidr_aliasing,
            rules,
        };
        Ok((policy, unknown))
    }

    fn check(&self, plan: &Plan) -> Result<(), Fault> {
        for limit in Limit::ALL {
            self.check_plan(limit, plan)?;
        }
        self.check_periods(plan)
    }

    fn check_changed(&self, before: &Self, plan: &Plan) -> Result<(), Fault> {
        for limit in Limit::ALL {
            if self.given(limit) != before.given(limit) {
                self.check_plan(limit, plan)?;
            }
        }
        let periods = [Limit::InboxDays, Limit::SpamDays];
        if periods
            .iter()
            .any(|limit| self.given(*limit) != before.given(*limit))
        {
            self.check_periods(plan)?;
        }
        Ok(())
    }

    fn check_plan(&self, limit: Limit, plan: &Plan) -> Result<(), Fault> {
        let (Some(given), Some(cap)) = (self.given(limit), plan.configured(limit)) else {
            return Ok(());
        };
        if (0..=cap).contains(&given) {
            return Ok(());
        }
        let message = format!("limits.{}: at most {cap} for this plan", limit.name());
        Err(Fault::OverPlan { message })
    }

    /// Junk never outlives the inbox. `-1` is for ever.
    fn check_periods(&self, plan: &Plan) -> Result<(), Fault> {
        let effective = super::Effective::of(Some(self), plan);
        let inbox = effective.limit(Limit::InboxDays);
        let spam = effective.limit(Limit::SpamDays);
        match (inbox, spam) {
            (Some(inbox), Some(spam)) if inbox <= spam => Err(Fault::invalid(
                "limits.limit_inbox_retention_period",
                "must be greater than limit_spam_retention_period",
            )),
            _ => Ok(()),
        }
    }
}

/// Gives the limit of messages sent its proper name, if it has only the other one; drops the other one.
fn with_proper_names(document: &Value) -> Value {
    let mut document = document.clone();
    if let Some(limits) = document.get_mut("limits").and_then(Value::as_object_mut)
        && let Some(number) = limits.remove(SENT_ALIAS)
    {
        limits.entry(Limit::SentPerDay.name()).or_insert(number);
    }
    document
}

/// Merges as RFC 7396 does.
fn lay_over(below: &mut Value, above: Value) {
    let Value::Object(above) = above else {
        *below = above;
        return;
    };
    if !below.is_object() {
        *below = json!({});
    }
    let Value::Object(below) = below else {
        return;
    };
    for (name, value) in above {
        if value.is_null() {
            below.remove(&name);
        } else {
            lay_over(below.entry(name).or_insert(Value::Null), value);
        }
    }
}

fn read_name(fields: &mut Fields<'_>) -> Result<String, Fault> {
    let name = fields
        .text("name")?
        .ok_or_else(|| Fault::invalid("name", "is required"))?;
    if !(1..=NAME_CHARACTERS_MAX).contains(&name.chars().count()) {
        let message = format!("expected 1 to {NAME_CHARACTERS_MAX} characters");
        return Err(Fault::invalid("name", message));
    }
    Ok(name.to_owned())
}

type ReadLimits = ([Option<i64>; Limit::ALL.len()], Vec<TypePattern>);

fn read_limits(fields: &mut Fields<'_>, unknown: &mut Vec<String>) -> Result<ReadLimits, Fault> {
    let mut limits = [None; Limit::ALL.len()];
    for limit in Limit::ALL {
        let Some(number) = fields.integer(limit.name())? else {
            continue;
        };
        let lifted = number == -1 && limit.may_be_lifted();
        if number < limit.least() && !lifted {
            let or_lifted = if limit.may_be_lifted() {
                ", or -1 for no limit"
            } else {
                ""
            };
            let message = format!(
                "expected an integer of at least {}{or_lifted}",
                limit.least()
            );
            return Err(Fault::invalid(&fields.path_of(limit.name()), message));
        }
        limits[limit as usize] = Some(number);
    }
    let name = "limit_attachment_allowed_types";
    let texts = fields.texts(name)?.unwrap_or_default();
    let path = fields.path_of(name);
    if texts.len() > ALLOWED_TYPES_MAX {
        let message = format!("expected at most {ALLOWED_TYPES_MAX} types");
        return Err(Fault::invalid(&path, message));
    }
    let types = texts
        .into_iter()
        .map(|text| {
            TypePattern::parse(text).ok_or_else(|| {
                Fault::invalid(&path, "expected MIME types such as image/png or image/*")
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    unknown.extend(fields.unknown());
    Ok((limits, types))
}

fn read_spam(fields: &mut Fields<'_>, unknown: &mut Vec<String>) -> Result<SpamDetection, Fault> {
    let preset = SpamDetection::default();
    let sensitivity = fields.number("spam_sensitivity")?;
    if sensitivity.is_some_and(|number| !(0.1..=5.0).contains(&number)) {
        let path = fields.path_of("spam_sensitivity");
        return Err(Fault::invalid(&path, "expected a number from 0.1 to 5.0"));
    }
    let spam = SpamDetection {
        use_list_dnsbl: fields
            .flag("use_list_dnsbl")?
            .unwrap_or(preset.use_list_dnsbl),
        use_header_anomaly_detection: fields
            .flag("use_header_anomaly_detection")?
            .unwrap_or(preset.use_header_anomaly_detection),
        sensitivity: sensitivity.unwrap_or(preset.sensitivity),
    };
    unknown.extend(fields.unknown());
    Ok(spam)
}

fn read_options(
    fields: &mut Fields<'_>,
    unknown: &mut Vec<String>,
) -> Result<(Vec<String>, Option<bool>), Fault> {
    let names = fields.texts("additional_folders")?.unwrap_or_default();
    let path = fields.path_of("additional_folders");
    if names.len() > ADDITIONAL_FOLDERS_MAX {
        let message = format!("expected at most {ADDITIONAL_FOLDERS_MAX} folders");
        return Err(Fault::invalid(&path, message));
    }
    let fits = |name: &&str| (1..=FOLDER_CHARACTERS_MAX).contains(&name.chars().count());
    if !names.iter().all(fits) {
        let message = format!("expected names of 1 to {FOLDER_CHARACTERS_MAX} characters");
        return Err(Fault::invalid(&path, message));
    }
    let aliasing = fields.flag("use_cidr_aliasing")?;
    unknown.extend(fields.unknown());
    Ok((names.into_iter().map(str::to_owned).collect(), aliasing))
}

fn read_rules(fields: &mut Fields<'_>) -> Result<Vec<Value>, Fault> {
    let rules = fields.array("rules")?.unwrap_or_default().to_vec();
    let bytes = serde_json::to_string(&rules).map_or(0, |text| text.len());
    if bytes > STORED_RULES_BYTES_MAX {
        let message = format!("expected at most {STORED_RULES_BYTES_MAX} bytes of JSON");
        return Err(Fault::invalid("rules", message));
    }
    Ok(rules)
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
