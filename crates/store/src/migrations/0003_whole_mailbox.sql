-- The whole mailbox through the API: a section for each family of tables.

-- Folders: colours as clients set them.
ALTER TABLE folders ADD COLUMN text_color TEXT;
ALTER TABLE folders ADD COLUMN background_color TEXT;

-- Deleted folders whose messages are still to be removed, in small steps.
CREATE TABLE deleted_folders (
    folder_id {key},
    grant_id BIGINT NOT NULL,
    application_id BIGINT NOT NULL,
    deleted_at BIGINT NOT NULL
);
