//! Compression of blobs: zstd frames with the uncompressed size in the header.

use std::cell::RefCell;

use crate::StoreError;

const LEVEL: i32 = 1;

/// Uncompressed bytes a blob may have at most; guards against a damaged header.
const BLOB_BYTES_MAX: usize = 256 * 1024 * 1024;

thread_local! {
    // Contexts are costly to make and are kept per thread.
    static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

fn fault(what: &str, error: &std::io::Error) -> StoreError {
    StoreError::Fault(format!("cannot {what} a blob: {error}"))
}

/// Compresses bytes into one frame.
pub fn compress(raw: &[u8]) -> Result<Vec<u8>, StoreError> {
    COMPRESSOR.with_borrow_mut(|slot| {
        if slot.is_none() {
            *slot = Some(
                zstd::bulk::Compressor::new(LEVEL).map_err(|error| fault("compress", &error))?,
            );
        }
        let Some(compressor) = slot else {
            return Err(StoreError::Fault("no compressor".to_owned()));
        };
        compressor
            .compress(raw)
            .map_err(|error| fault("compress", &error))
    })
}

/// Returns the bytes that [`compress`] was given.
pub fn decompress(frame: &[u8]) -> Result<Vec<u8>, StoreError> {
    DECOMPRESSOR.with_borrow_mut(|slot| {
        if slot.is_none() {
            *slot =
                Some(zstd::bulk::Decompressor::new().map_err(|error| fault("decompress", &error))?);
        }
        let Some(decompressor) = slot else {
            return Err(StoreError::Fault("no decompressor".to_owned()));
        };
        let size = zstd::bulk::Decompressor::upper_bound(frame)
            .unwrap_or(BLOB_BYTES_MAX)
            .min(BLOB_BYTES_MAX);
        decompressor
            .decompress(frame, size)
            .map_err(|error| fault("decompress", &error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        for raw in [
            vec![],
            b"x".to_vec(),
            (0..100_000_u32)
                .flat_map(u32::to_le_bytes)
                .collect::<Vec<u8>>(),
        ] {
            assert_eq!(decompress(&compress(&raw).unwrap()).unwrap(), raw);
        }
    }

    #[test]
    fn damaged_bytes_are_refused() {
        let mut frame = compress(&[7; 1000]).unwrap();
        frame[2] ^= 0xff;
        assert!(decompress(&frame).is_err() || decompress(&frame).unwrap() != vec![7; 1000]);
        assert!(decompress(b"no frame").is_err());
    }
}
