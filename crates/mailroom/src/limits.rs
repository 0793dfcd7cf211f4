//! Every bound of provisioning and tenancy, with its unit in its name.

/// Characters of the name of an account, workspace, key, domain or application.
pub const NAME_CHARACTERS_MAX: usize = 256;

/// Octets of an account's local part; RFC 5321 4.5.3.1.1.
pub const LOCAL_PART_OCTETS_MAX: usize = 64;

/// Further addresses of an account.
pub const ALIASES_MAX: usize = 50;

/// Characters of an app password at least.
pub const APP_PASSWORD_CHARACTERS_MIN: usize = 18;

/// Characters of an app password at most; stays below bcrypt's 72 bytes.
pub const APP_PASSWORD_CHARACTERS_MAX: usize = 40;

/// App passwords that wait to be hashed at most.
pub const PASSWORDS_WAITING_MAX: usize = 64;

/// Seconds for which an app password waits for a place to be hashed in.
pub const PASSWORD_WAIT_SECONDS_MAX: u64 = 5;

/// Microseconds for which another process may not yet know that a key was revoked.
pub const KEY_AGE_US_MAX: i64 = 1_000_000;

/// API keys remembered at most.
pub const KEYS_CACHED_MAX: usize = 4_096;

/// Microseconds for which another process may not yet know that an account was moved or deleted.
pub const ACCOUNT_AGE_US_MAX: i64 = 1_000_000;

/// Accounts remembered at most, each under every spelling it is asked for by.
pub const ACCOUNTS_CACHED_MAX: usize = 16_384;

/// Seconds between two notes of a key's last use.
pub const KEY_USE_SECONDS_MIN: i64 = 60;

/// Days for which an API key can be made at most: a hundred years.
pub const KEY_DAYS_MAX: i64 = 36_500;

/// Times that the creation of an account meets another one at the same address before it gives up.
pub const PROVISION_ATTEMPTS_MAX: usize = 8;

/// Accounts in each array of a manual assignment.
pub const ASSIGNED_GRANTS_MAX: usize = 500;

/// Accounts moved in one transaction.
pub const MOVED_GRANTS_PER_STEP_MAX: i64 = 100;

/// Groupings of accounts that one sweep goes on with, each by one step.
pub const GROUPINGS_PER_SWEEP_MAX: i64 = 20;

/// Seconds between two automatic groupings of an application.
pub const AUTO_GROUP_SECONDS_MIN: u64 = 60;

/// Rules named by one workspace.
pub const WORKSPACE_RULES_MAX: usize = 200;

/// Different values that the rules of one workspace ask of lists for one message at most; beyond it nothing can be decided.
pub const LIST_QUESTIONS_MAX: usize = 20_000;

/// Addresses of an arriving message that a workspace's rules must be able to look up within [`LIST_QUESTIONS_MAX`]: its
/// author and its envelope sender. Recipients whose rules cannot are put off by themselves.
pub const ORDINARY_SENDERS: usize = 2;

/// Octets times conditions that are compared at once; what is more is compared away from the async threads.
pub const COMPARED_INLINE_BYTES_MAX: usize = 1 << 20;

/// Workspaces that a deleted rule is taken off in one transaction.
pub const DETACHED_WORKSPACES_PER_STEP_MAX: i64 = 500;

/// Items of one list.
pub const LIST_ITEMS_MAX: i64 = 1_000_000;

/// Items that one call adds to a list or takes off it.
pub const LIST_ITEMS_PER_CALL_MAX: usize = 1_000;

/// Items of a deleted list that are removed in one transaction, so that mail is not kept waiting.
pub const LIST_ITEMS_PER_STEP_MAX: i64 = 1_000;

/// Characters of a callback URI.
pub const CALLBACK_URL_CHARACTERS_MAX: usize = 2_048;

/// Callback URIs of an application.
pub const CALLBACK_URIS_MAX: usize = 100;

/// Bytes of JSON that is kept for an application without having an effect.
pub const STORED_SETTINGS_BYTES_MAX: usize = 64 * 1_024;

/// Seconds for which the answer to a request with an idempotency key is kept.
pub const IDEMPOTENCY_SECONDS: i64 = 3_600;

/// Seconds after which a request that never came to an answer is taken for dead; no request runs longer than 120.
pub const IDEMPOTENCY_RUNNING_SECONDS_MAX: i64 = 150;

/// Messages of a thread changed in one transaction, so that a long thread does not keep mail from being accepted.
pub const THREAD_MESSAGES_PER_STEP_MAX: usize = 500;

/// Characters of the name of a folder, which may be a path.
pub const FOLDER_NAME_CHARACTERS_MAX: usize = 1_024;

/// Folders nest at most this deep.
pub const FOLDER_DEPTH_MAX: usize = 20;

/// Folders of an account, system folders included.
pub const FOLDERS_MAX: usize = 1_000;

/// Characters of a folder's colour.
pub const FOLDER_COLOUR_CHARACTERS_MAX: usize = 64;

/// Bytes of sources read for `extracted` and `security` after which a page ends early.
pub const EXTRACTED_PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Messages cleaned in one request.
pub const CLEANED_MESSAGES_MAX: usize = 20;

/// Bytes of the answer of one cleaning, unless one message alone has more.
pub const CLEANED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Seconds by which a message can be scheduled ahead at least.
pub const SCHEDULE_SECONDS_MIN: i64 = 60;

/// Seconds by which a message can be scheduled ahead at most.
pub const SCHEDULE_SECONDS_MAX: i64 = 30 * 86_400;

/// Seconds before its time until which a scheduled message can be cancelled.
pub const SCHEDULE_CANCEL_SECONDS_MIN: i64 = 10;

/// Messages of one account that wait for their time.
pub const SCHEDULES_OPEN_MAX: i64 = 1_000;

/// Schedules of one account that are listed, the newest ones.
pub const SCHEDULES_LISTED_MAX: i64 = 10_000;

/// Seconds for which the record of a closed schedule is kept.
pub const SCHEDULE_KEPT_SECONDS: i64 = 72 * 3_600;

/// Seconds for which what rules made of a message is kept.
pub const RULE_EVALUATIONS_KEPT_SECONDS: i64 = 30 * 86_400;

/// Contacts of an account whose domains a sender's is compared with.
pub const ACQUAINTANCES_MAX: i64 = 200;
