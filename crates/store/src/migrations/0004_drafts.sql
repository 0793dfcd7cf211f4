-- Drafts: what an account has begun to write, kept in its parts (tables/drafts/).
CREATE TABLE drafts (
    id {key},
    application_id BIGINT NOT NULL,
    grant_id BIGINT NOT NULL,
    folder_id BIGINT NOT NULL,
    -- the thread it belongs to, if it belongs to one
    thread_id BIGINT,
    -- the message it answers, which may be gone
    answers_id BIGINT,
    -- microseconds, because listings go by it
    changed_us BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    unread BIGINT NOT NULL,
    starred BIGINT NOT NULL,
    has_attachment BIGINT NOT NULL,
    -- the number in its folder: a new one whenever it says something else
    uid BIGINT NOT NULL,
    -- grows with every change of whatever kind
    modseq BIGINT NOT NULL,
    -- of the body and the files
    size_bytes BIGINT NOT NULL,
    -- lower case, for substring search
    subject TEXT NOT NULL,
    metadata TEXT,
    -- what it is made of, but for the body and the files: {"v":1,"to":[…],"subject":…}
    fields TEXT NOT NULL,
    -- as in messages
    body TEXT,
    body_frame {bytes}
);
CREATE INDEX drafts_in_order ON drafts (grant_id, changed_us, id);
CREATE INDEX drafts_of_thread ON drafts (grant_id, thread_id, changed_us, id) WHERE thread_id IS NOT NULL;

-- The files of drafts: their octets as they are, once per application like messages.
CREATE TABLE draft_files (
    id {key},
    draft_id BIGINT NOT NULL,
    grant_id BIGINT NOT NULL,
    place BIGINT NOT NULL,
    blob_id BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    -- as it was given; shown with a name when it has none
    filename TEXT NOT NULL,
    content_type TEXT NOT NULL,
    content_id TEXT,
    -- it was given as inline
    says_inline BIGINT NOT NULL,
    -- it is: because it was given so, or because the body shows it
    is_inline BIGINT NOT NULL
);
CREATE INDEX draft_files_of_draft ON draft_files (draft_id, place);
-- The sweep asks whether a blob is still needed.
CREATE INDEX draft_files_of_blob ON draft_files (blob_id);

-- What a draft is found by: keyed hashes of addresses by role and of metadata pairs, as those of messages (tables/terms.rs).
CREATE TABLE draft_terms (
    grant_id BIGINT NOT NULL,
    term BIGINT NOT NULL,
    draft_id BIGINT NOT NULL,
    PRIMARY KEY (grant_id, term, draft_id)
) {clustered};
CREATE INDEX draft_terms_of_draft ON draft_terms (draft_id);
