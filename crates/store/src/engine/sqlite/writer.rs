//! The writer thread: groups of closures, one commit each.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

use super::checkpoint::Checkpoints;
use super::file::DatabaseFile;
use super::job::{Job, Work};
use super::session::{Role, Session};
use crate::StoreError;
use crate::limits::{COMMIT_GROUP_BYTES_MAX, COMMIT_GROUP_CLOSURES_MAX};
use crate::sql::Tx;

/// Serves the queue until it is told to close. `governance` counts commits that changed what governs accounts.
pub(super) fn run(
    file: &DatabaseFile,
    checkpoints: &Checkpoints,
    first: Session,
    queue: &mpsc::Receiver<Work>,
    governance: &AtomicU64,
) {
    let mut session = Some(first);
    let mut group: Vec<Box<dyn Job>> = Vec::with_capacity(COMMIT_GROUP_CLOSURES_MAX);
    let mut closing = false;
    while !closing {
        let Ok(Work::Job(job)) = queue.recv() else {
            break;
        };
        let committed = match writable(file, checkpoints, &mut session) {
            Ok(open) => run_group(open, job, queue, &mut group, &mut closing),
            Err(error) => {
                group.push(job);
                Err(error)
            }
        };
        let governs = session.as_mut().is_some_and(Session::took_governance);
        if committed.is_err() {
            // A failed commit is final: nothing more is written through this connection; the next one recovers.
            session = None;
        }
        // Before anybody is told: what a caller has changed holds for all that is asked after its answer.
        if governs || committed.is_err() {
            governance.fetch_add(1, Ordering::AcqRel);
        }
        metrics::histogram!("posthouse_store_commit_group_closures").record(group.len() as f64);
        for job in group.drain(..) {
            job.answer(committed.clone());
        }
        if let Some(session) = &session {
            checkpoints.after_commit(session);
        }
    }
    checkpoints.stop();
    if let Some(session) = session.filter(|_| !checkpoints.failed()) {
        session.truncate_log();
    }
}

fn writable<'a>(
    file: &DatabaseFile,
    checkpoints: &Checkpoints,
    session: &'a mut Option<Session>,
) -> Result<&'a mut Session, StoreError> {
    if checkpoints.failed() {
        return Err(StoreError::Unavailable(
            "the disk failed; restart once it is well".to_owned(),
        ));
    }
    match session {
        Some(open) => Ok(open),
        None => Ok(session.insert(Session::open(file, Role::Writer(checkpoints))?)),
    }
}

/// Runs the job and all that wait behind it in one transaction; `group` holds those to answer, whatever happened.
fn run_group(
    session: &mut Session,
    first: Box<dyn Job>,
    queue: &mpsc::Receiver<Work>,
    group: &mut Vec<Box<dyn Job>>,
    closing: &mut bool,
) -> Result<(), StoreError> {
    let mut next = Some(first);
    if let Err(error) = session.begin() {
        group.extend(next);
        return Err(error);
    }
    while let Some(mut job) = next.take() {
        let ran = if group.is_empty() {
            session.first_in_transaction(job.as_mut())
        } else {
            session.in_savepoint(job.as_mut())
        };
        group.push(job);
        ran?;
        let has_room = group.len() < COMMIT_GROUP_CLOSURES_MAX
            && session.handed_bytes() < COMMIT_GROUP_BYTES_MAX;
        if has_room && !*closing {
            match queue.try_recv() {
                Ok(Work::Job(job)) => next = Some(job),
                Ok(Work::Close) => *closing = true,
                Err(_) => {}
            }
        }
    }
    session.batch("COMMIT")
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::super::job::Closure;
    use super::*;
    use crate::Param;

    #[test]
    fn a_group_ends_when_it_has_written_enough() {
        let directory = tempfile::tempdir().unwrap();
        let file = DatabaseFile::open(&directory.path().join("posthouse.db")).unwrap();
        let checkpoints = Checkpoints::start(&file).unwrap();
        let mut session = Session::open(&file, Role::Writer(&checkpoints)).unwrap();
        session.batch("CREATE TABLE p (b BLOB)").unwrap();
        let (work, queue) = mpsc::sync_channel(8);
        let quarter = vec![7_u8; COMMIT_GROUP_BYTES_MAX / 4];
        let mut answers = Vec::new();
        for _ in 0..6 {
            let (reply, answer) = oneshot::channel();
            let quarter = quarter.clone();
            let insert = move |tx: &mut dyn Tx| {
                tx.execute("INSERT INTO p VALUES ($1)", &[Param::Bytes(&quarter)])
            };
            let job = Closure {
                work: Some(insert),
                outcome: None,
                reply,
            };
            work.send(Work::Job(Box::new(job))).unwrap();
            answers.push(answer);
        }
        let mut groups = Vec::new();
        while let Ok(Work::Job(first)) = queue.try_recv() {
            let mut group = Vec::new();
            run_group(&mut session, first, &queue, &mut group, &mut false).unwrap();
            groups.push(group.len());
            for job in group {
                job.answer(Ok(()));
            }
        }
        assert_eq!(groups, [4, 2]);
        assert!(
            answers
                .into_iter()
                .all(|answer| answer.blocking_recv().unwrap().is_ok())
        );
    }

    #[test]
    fn nothing_is_written_once_the_log_could_not_be_copied_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("posthouse.db");
        let file = DatabaseFile::open(&path).unwrap();
        let checkpoints = Checkpoints::start(&file).unwrap();
        let mut session = Session::open(&file, Role::Writer(&checkpoints)).unwrap();
        session.batch("CREATE TABLE p (i INTEGER)").unwrap();
        checkpoints.fail();
        let (work, queue) = mpsc::sync_channel(2);
        let (reply, answer) = oneshot::channel();
        let insert = |tx: &mut dyn Tx| tx.batch("INSERT INTO p VALUES (1)");
        work.send(Work::Job(Box::new(Closure {
            work: Some(insert),
            outcome: None,
            reply,
        })))
        .unwrap();
        drop(work);
        run(&file, &checkpoints, session, &queue, &AtomicU64::new(0));
        let refused = answer.blocking_recv().unwrap();
        assert!(matches!(refused, Err(StoreError::Unavailable(_))));
        let log = path.with_extension("db-wal");
        assert!(log.metadata().unwrap().len() > 0, "the log was given up");
    }
}
