/* Every limit in one place, each with its reason. Rooms add theirs here, never beside their code. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#define KIB 1024u
#define MIB (1024u * 1024u)

/* --- log --------------------------------------------------------------------------------------- */
#define LOG_MESSAGE_MAX 1024u /* one sentence; the rest is fields */
#define LOG_LINE_MAX    4096u /* PIPE_BUF on Linux: writes up to it do not mix on a pipe */

/* --- metrics ----------------------------------------------------------------------------------- */
#define METRIC_NAME_MAX        128u /* bytes; also of a label's name */
#define METRIC_HELP_MAX        512u
#define METRIC_LABELS_MAX      9u   /* of one series; the host adds the plugin's */
#define METRIC_VALUE_MAX       128u /* bytes of a label's value: names, not messages */
#define METRIC_BOUNDS_MAX      40u  /* as many buckets as the field uses */
#define METRIC_COUNT_MAX       (UINT64_C(1) << 53) /* counted at once, or in one bucket: exact so far */
#define METRIC_KEY_MAX         4096u               /* a name and all its labels, escaped */
#define METRICS_SERIES_MAX     20000u              /* they are never taken away */
#define METRICS_PAGE_MAX       (16u * MIB) /* what they take on the page, written in pieces */
#define METRICS_LOT_SERIES_MAX 256u /* of one plugin: values are few, or they are no labels */
#define METRICS_LOT_PAGE_MAX   (512u * KIB) /* of one plugin, on the page */
#define METERING_PAUSE_MS      100          /* between two reports of a runner on what it counted */
#define METERING_BYTES_MAX     (512u * KIB) /* of such a report; the rest follows */

/* --- folders ----------------------------------------------------------------------------------- */
#define FOLDER_RESCAN_MS 5000 /* between listings of a folder that inotify does not serve */

/* --- documents --------------------------------------------------------------------------------- */
#define DOC_BYTES_MAX      (1536u * KIB) /* one object, canonical: what etcd takes (1.5 MiB) */
#define DOC_DEPTH_MAX      64u           /* nesting; recursion over documents is bounded by it */
#define DOC_NODES_MAX      200000u /* values in one document: bounds the decoded tree (~10 MiB) */
#define DOC_KEYS_MAX       10000u  /* keys in one map */
#define DOC_KEY_MAX        1024u   /* bytes in one key */
#define INPUT_BYTES_MAX    (16u * MIB) /* one manifest file; many documents */
#define INPUT_DOCS_MAX     100000u     /* documents in one file */
#define YAML_ALIASES_MAX   100u        /* aliases in one document */
#define YAML_TAG_LINES_MAX 100u /* %TAG lines in one file: libyaml compares each with all others */

/* --- schemas ----------------------------------------------------------------------------------- */
#define SCHEMA_PROBLEMS_MAX      50u    /* told at once: more than anybody mends in one go */
#define SCHEMA_MESSAGE_MAX       4096u  /* bytes of one problem's sentence */
#define SCHEMA_DEFAULT_NODES_MAX 10000u /* values in all defaults: each item of a list gets them */
#define SCHEMA_PATH_MAX          4096u  /* bytes of the path that is shown with it */
/* A pattern is compiled into at most 64 KiB by PCRE2. It counts the steps from every place where a match
 * may begin, so both bounds together keep the worst pattern on the longest text below a second. */
#define SCHEMA_PATTERN_MAX       4096u       /* bytes of a pattern */
#define SCHEMA_PATTERN_STEPS_MAX 10000u      /* from one place; ordinary patterns take a hundred */
#define SCHEMA_PATTERN_TEXT_MAX  (64u * KIB) /* a longer text breaks any pattern */
#define SCHEMA_PATTERN_HEAP_MAX  (1u * MIB)  /* what the interpreter may use to go back */

/* --- resources --------------------------------------------------------------------------------- */
#define NAME_BYTES_MAX     253u         /* DNS-1123 subdomain */
#define LABEL_BYTES_MAX    63u          /* DNS-1123 label: namespaces, label names and values */
#define KEY_BYTES_MAX      571u         /* RESOURCE/NAMESPACE/NAME: 253 + 1 + 63 + 1 + 253 */
#define ANNOTATIONS_MAX    (256u * KIB) /* keys and values of one object, as Kubernetes has it */
#define FINALIZERS_MAX     64u          /* in one object; a handful is usual */
#define OWNERS_MAX         64u          /* ownerReferences of one object */
#define MACHINE_STATES_MAX 64u          /* a machine is drawn on a page */
#define COLUMNS_MAX        32u          /* printer columns of a kind */
#define SELECTOR_TERMS_MAX 64u          /* terms of one selector, and values of one term */
#define EVENT_MESSAGE_MAX  1024u        /* bytes, as the events API has it */
#define KINDS_MAX          1000u        /* declared kinds: a change copies the list */

/* --- admission --------------------------------------------------------------------------------- */
#define SET_REQUESTS_MAX     1000u        /* in one set: one transaction, judged in one step */
#define WARNINGS_MAX         20u          /* in one answer; as many headers as HTTP clients take */
#define NAMESPACE_EVENTS_MAX 900u         /* Events that go with their namespace, in the same set */
#define APPLIED_BYTES_MAX    (128u * KIB) /* of the last applied body, kept in an annotation */

/* --- workers, runners, plugins ------------------------------------------------------------------ */
#define RECONCILE_LIMIT_MS  30000 /* one run; a plugin that needs longer asks and is called again */
#define RECONCILE_GRACE_MS  5000  /* beyond the limit, before the runner is killed */
#define RECONCILE_GRACE_MIN 500   /* ms, where a host is told to be short with runs */
#define LOOK_PAUSE_MS       100   /* between two looks at what is out in a runner */
#define QUEUED_LOOK_MS      5000  /* the same where calls wait for a lane */
#define PLUGINS_MAX         256u  /* plugins of one host: each is a process */
#define WORKER_CALLS_MAX    64u   /* queued in one worker: covers the round trip, bounds a death */

#define CONFIGURATION_MAX MIB /* bytes of the file of --config: written by hand */
#define CONFIG_BYTES_MAX                                                                           \
    (32u * KIB) /* of one plugin's configuration: it goes in the head of a frame */
#define PLUGIN_BYTES_MAX       (64u * MIB) /* one file: read whole and hashed before it is loaded */
#define ELF_RELOCATIONS_MAX    (1u << 20)  /* of one, where it is read without being run: 24 MiB */
#define PLUGIN_LIBRARIES_MAX   64u         /* that a plugin names, looked for one by one */
#define LIBRARIES_BYTES_MAX    (256u * MIB) /* read to find the names that a plugin wants */
#define PLUGIN_CONTROLLERS_MAX 64u          /* of one plugin */
#define CONTROLLER_OWNS_MAX    64u          /* kinds that one controller applies */
#define CALL_WRITES_MAX        256u         /* objects that one run applies or removes: one set */
#define CALL_CONDITIONS_MAX    64u
#define CALL_EVENTS_MAX        64u
#define CALL_ASKS_MAX          1000u       /* questions of one run */
#define CALL_OPEN_MAX          64u         /* of those, not answered yet */
#define CALL_NODES_MAX         1000000u    /* values that one run names: a loop that never ends */
#define FRAME_HEAD_MAX         (64u * KIB) /* what a frame says of itself; documents are tails */
#define RESULT_BYTES_MAX       (4u * MIB)  /* a few objects of the largest size */
#define ANSWER_BYTES_MAX       (8u * MIB)  /* a selection; more is refused, with a sentence */
#define DESCRIPTOR_BYTES_MAX   (4u * MIB)  /* carries definitions of kinds */
#define ASK_BYTES_MAX          (6u * MIB)  /* a question with a body, and what was written so far */
#define FRAME_STREAM_MAX       (16u * MIB) /* read and not yet looked at */

/* --- runners ----------------------------------------------------------------------------------- */
#define RUNNER_START_MS    5000 /* from exec to descriptor; a plugin that hangs is refused */
#define RUNNER_STOP_MS     2000 /* to stop by itself, before it is killed */
#define RUNNER_BACKOFF_MS  1000 /* the second restart in a row; doubled for each further one ... */
#define RUNNER_BACKOFF_MAX 300000      /* ... up to this */
#define RUNNER_BYTES_OUT   (8u * MIB)  /* sent and not yet answered; what is beyond waits here */
#define RUNNER_ANSWERS_MAX (64u * MIB) /* sent and not yet read; what is more is a sentence */
#define RUNNER_UNREAD_MAX  (80u * MIB) /* the same of everything: it does not read, and is ended */
#define RUNNER_LINES_MAX   100u        /* logged of one runner in a second */
#define RUNNER_LINE_MAX    1000u       /* bytes; longer lines are cut */
#define HOST_FILES_MIN     256u /* descriptors: a few of its own, four of a runner, clients */
#define RUNNER_LANES_MAX   32u /* threads that run calls: more than cores is for calls that block */
#define LANE_STACK_BYTES   (2u * MIB) /* of each; all of them are a sixteenth of RUNNER_MEMORY_MAX */
#define LANE_SIGNAL_BYTES  (64u * KIB) /* for signal handlers, when that is used up */
#define RUNNER_FILES_MAX   64u         /* descriptors: a leak costs the plugin, not the host */
#define RUNNER_FILES_MIN   16u         /* that a host may be told: what it is born with, and some */
#define RUNNER_MEMORY_MIN  (32u * MIB) /* the same: the libraries that it links, and some */
#define RUNNER_NICE        5           /* the core goes first */
#define INLINE_SILENT_ENDS 2u    /* hosts in a row; one may have been killed, or lost its power */
#define INLINE_PROVEN_MS   60000 /* inline for so long, it is not what ends hosts at start */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define RUNNER_GROWN_MIN                                                                       \
        (384u * MIB)             /* as below, and what a sanitizer keeps of what was freed */
#    define RUNNER_MEMORY_MAX 0u /* a sanitizer's shadow needs all of the address space */
#else
#    define RUNNER_GROWN_MIN                                                                       \
        (128u * MIB) /* an idle one that has as much, and grew, is opened anew */
#    define RUNNER_MEMORY_MAX (1024u * MIB) /* address space */
#endif

/* --- versions of a file ------------------------------------------------------------------------- */
#define TAKE_FIRST_MS                                                                              \
    100 /* a file that is half there is looked at again: a copy takes moments, ... */
#define TAKE_SECOND_MS    300
#define TAKE_LAST_MS      1000 /* ... and then it is said what is missing */
#define REMOVAL_SETTLE_MS 500  /* package managers delete a file and create the next one */
#define DRAIN_MS          10000 /* what a version has under way may end there, before it is run again */
#define DRAINS_MAX        2u    /* versions of one file that drain; with more, the next one waits */
#define PROBATION_FAULTS  3u    /* runs that failed before any went well: it is rolled back */
#define PROBATION_DEATHS  3u    /* the same for deaths of its process */
#define GOOD_AFTER_MS     30000 /* without a fault, also where nothing ran: it is a good one */

/* --- scripts ----------------------------------------------------------------------------------- */
#define SCRIPT_BYTES_MAX      (1u * MIB) /* of one file: read whole, compiled in milliseconds */
#define SCRIPT_MEMORY_MAX     (64u * MIB) /* of one script: 10 000 runs that wait, and as much again */
#define SCRIPT_TICK_MS        10     /* of processor time: how exactly the next three are kept */
#define SCRIPT_LOAD_MS        500    /* to run its declarations */
#define SCRIPT_SLICE_MS       100    /* without a wait: others of the same script wait so long */
#define SCRIPT_HARD_MS        400    /* beyond that, before its process dies */
#define SCRIPT_RUN_MS         600000 /* one run, waits included; a script may say another time */
#define SCRIPT_COROUTINES_MAX 1000   /* that one run makes */
#define SCRIPT_LINES_MAX      100    /* that one run logs */
#define SCRIPT_DEPTH_MAX      60     /* of a table that becomes a document; below DOC_DEPTH_MAX */
#define SCRIPT_TRACE_MAX      1000   /* bytes of a traceback: one Event */

/* --- queue ------------------------------------------------------------------------------------- */
#define BACKOFF_FIRST_MS       100          /* a conflict or a restart is over by then */
#define BACKOFF_MAX_MS         (300 * 1000) /* an outage is noticed to be over within minutes */
#define BACKOFF_JITTER_PERCENT 20           /* keys that failed together do not return together */
#define BACKOFF_FAILURES_MAX   1000000u     /* counted no further */
#define DELAY_SLICE            1024u        /* moments served in one step of the loop */
#define WORK_KEYS_MAX          1000000u /* keys known to all queues: about 200 MiB at the worst */

/* --- watch ------------------------------------------------------------------------------------- */
#define FOLLOW_SCAN_MAX       4096u /* changes or objects one pull looks at: about a millisecond */
#define FOLLOW_PAGE_MAX       256u  /* changes of the old log that a follower holds at once */
#define SUBSCRIPTION_LATE_MAX 1024  /* changes looked at to catch up; beyond, it is outdated */

/* --- controllers ------------------------------------------------------------------------------- */
#define DISPATCH_SLICE       64u   /* runs, or chores of the host, started in one step */
#define SWEEP_SLICE          64u   /* objects visited in one step */
#define SWEEP_AHEAD          256u  /* a sweep waits while so many keys of its controller do */
#define FEED_EVENTS          64u   /* changes handled in one step */
#define CHORE_PLACES         64u   /* sets of the host under way, of one sort */
#define SELECT_LOOK_MAX      8192u /* objects looked at for one answer: below 100 ms at the worst */
#define RUNS_PARKED_MAX      16384u /* runs of a controller that wait for the outside: 3 KiB each */
#define SLEEP_MAX_MS         (24 * 3600 * 1000) /* of one run; what is longer is "again" */
#define DISCARDS_MAX         3u           /* runs overtaken in a row, before one counts anyway */
#define QUARANTINE_DEATHS    2u           /* workers that one object may kill ... */
#define QUARANTINE_WINDOW_MS (600 * 1000) /* ... in ten minutes */
#define HOT_RUNS_MAX         20u /* runs of one object without a cause from outside, or turns ... */
#define HOT_STIRS_MAX        400u  /* ... or so many that controllers alone had caused ... */
#define HOT_WINDOW_MS        10000 /* ... in ten seconds: more goes in circles */
#define TURNERS_MAX          4096u /* objects whose runs are remembered for that alone */
#define EVENT_LIFE_MS        (3600 * 1000) /* as long as Kubernetes keeps them */
#define CENSUS_STATES_MAX    16u           /* states told apart, that a new version does not have */
#define OWN_SETS_MAX         4u            /* sets of an object whose rows are known as its own */
#define EFFECTS_KEPT_MAX     16u /* that one controller asks for by name for one object, in one state */
#define EFFECT_NAME_MAX      63u
#define EFFECT_RECORD_MAX    (704u * KIB) /* of its request as JSON: the result has to fit beside it */
#define EFFECT_OBJECT_MAX    200u         /* bytes of an object's name in that of a record */
#define REPORT_PAUSE_MS      1000 /* a worker that dies all the time is not a flood of writes */
#define SLOW_RUN_MS          1000 /* without a wait: others of its plugin are late by what people notice */
#define TALLY_FIRST_MS       500 /* from a run that is worth telling to the counts that tell it ... */
#define TALLY_PAUSE_MS       5000 /* ... and from those to the next */

/* --- effects ----------------------------------------------------------------------------------- */
#define EFFECTS_MAX           256u         /* programs that run at once; more wait their turn */
#define EFFECT_INPUT_MAX      (256u * KIB) /* all text of one question */
#define EFFECT_OUTPUT_MAX     (64u * KIB)  /* kept of each output, or of a body: it is a status */
#define EFFECT_TIMEOUT_MAX_MS (24 * 3600 * 1000) /* as SLEEP_MAX_MS */
#define EXEC_TIMEOUT_MS       (60 * 1000)        /* where the question says nothing */
#define EXEC_GRACE_MS         2000               /* from SIGTERM to SIGKILL */
#define EXEC_NICE             5                  /* programs come after the core */
#define EXEC_ARGUMENTS_MAX    256u
#define HTTP_TIMEOUT_MS       (30 * 1000)
#define HTTP_TRANSFERS_MAX    512u /* requests on the way at once; more wait their turn */
#define HTTP_REDIRECTS_MAX    5
#define HTTP_HEADERS_SENT_MAX 64u
#define HTTP_HEADERS_KEPT_MAX 100u

/* --- store ------------------------------------------------------------------------------------- */
#define LINGER_MS               2000  /* that a killed host's unborn child may hold its data ... */
#define LINGER_LOOK_MS          10    /* ... looked at so often */
#define STORE_PENDING_ROWS_MAX  8192u /* rows under way: a commit stays below ~100 ms */
#define STORE_PENDING_BYTES_MAX (32u * MIB) /* documents under way: bounds memory and the WAL */
#define READER_AGE_MAX_MS       60000       /* a snapshot keeps old versions: a slow list ends */
#define READER_BYTES_MAX        (64u * MIB) /* old versions kept for snapshots, all together */
#define RING_ROWS_MAX           32768u      /* recent changes in memory: a watcher may lag so far */
#define RING_BYTES_MAX          (32u * MIB) /* ... or so many bytes of documents before and after */
#define PAGE_BYTES_MAX          (4u * MIB)  /* documents in one page of history */
#define PAGE_LOOKS_MAX          16384u      /* rows one page looks at: some 20 ms of LANE_READ */
#define RETAIN_MS               ((int64_t)24 * 3600 * 1000)   /* a day of history ... */
#define RETAIN_COUNT            ((int64_t)1000000)            /* ... at most so many rows ... */
#define RETAIN_BYTES            ((int64_t)1024 * 1024 * 1024) /* ... and so much of the disk */
#define RESERVE_BYTES           (4u * MIB) /* kept free for deletes: the largest one, log and WAL */
#define RESERVE_SLACK_BYTES     (1u * MIB) /* and so much more must be free before writes go on */
#define STORE_PROBE_MS          2000       /* how often a full disk is tried again */

/* --- manifests --------------------------------------------------------------------------------- */
#define MANIFEST_DOCS_MAX      900u   /* documents in one file: they are one set, with the record */
#define MANIFEST_FILES_MAX     10000u /* files of one folder */
#define MANIFEST_WAITING_SHOWN 5u     /* documents that wait, named in one message */
#define MANIFEST_MESSAGE_MAX   4096u  /* what is said of one file */

/* --- tests of scripts ---------------------------------------------------------------------------- */
#define STAGE_STEPS_MAX   1000000u                          /* of one test: seconds of computing */
#define STAGE_TIME_MAX_MS ((int64_t)366 * 24 * 3600 * 1000) /* that passes in one test */
#define STAGE_LINES_MAX   100u                              /* of the log, kept for a failure */
#define TEST_MEMORY_MAX   (256u * MIB) /* of what the tests of a file keep themselves */
#define TEST_FRAMES_MAX   10u          /* calls that a failure is traced through */
#define HELD_WAIT_MS                                                                               \
    10000 /* for a thread of a plugin that holds a call: nothing goes on meanwhile */
#define APART_CPU_S       600 /* of the process that one test runs in, faults included */
#define CHAOS_PLACES_MAX  64u /* of one kind of fault, for one test */
#define CHAOS_REPEATS_MAX 5u  /* at one moment: a controller that has converged needs one or two */

/* --- HTTP: server ------------------------------------------------------------------------------- */
#define HTTP_CONNECTIONS_MAX 2048u       /* 1 000 watchers and room for others; 32 KiB each */
#define HTTP_MEMORY          (32u * KIB) /* of a connection: its headers, and the pieces it sends */
#define HTTP_BODY_MAX        (3u * MIB)  /* one request, as kube-apiserver has it */
#define HTTP_BODIES_MAX      (64u * MIB) /* request bodies in memory at once, all connections */
#define HTTP_IDLE_S          60u         /* a peer that neither sends nor takes anything */
#define URL_BYTES_MAX        (8u * KIB)  /* path and query; selectors may be long */
#define URL_SEGMENTS_MAX     12u         /* the deepest path that is served has 7 */
#define URL_PARAMETERS_MAX   32u         /* list and watch know about ten */
#define RESPONSE_HEADERS_MAX 24u         /* WARNINGS_MAX, Allow, Retry-After and the effect */
#define RESPONSE_BODY_MAX    (64u * MIB) /* a whole body: one object, pretty as YAML; a page's rows */
#define LIST_SLICE           64u         /* objects looked at in one step of a list */
#define LIST_SNAPSHOTS_MAX   64u         /* revisions held for lists that are read page by page */
#define WATCH_SLICE          64u         /* events written in one step of a watch */
#define WATCH_PULL           8u          /* events kept for a client that stops reading */
#define WATCH_BOOKMARK_MS    60000       /* between bookmarks, where something moved */
#define WATCH_TIMEOUT_MIN_S  1800        /* a watch without timeoutSeconds ends at random between */
#define WATCH_TIMEOUT_MAX_S  3600        /* the two, so that clients do not come back together */

/* --- HTTP: client ------------------------------------------------------------------------------- */
#define CLIENT_HEAD_MAX    (64u * KIB)  /* status line and headers of an answer */
#define CLIENT_BODY_MAX    (256u * MIB) /* of one answer: a page of 500 of the largest objects ... */
#define CLIENT_REQUEST_MAX (4u * MIB)   /* what the host takes, and the head */
#define CLIENT_READ_MAX    (128u * KIB) /* received at once, twice */
#define CLIENT_SILENCE_MS  30000        /* a host that is busy answers sooner */
#define CLIENT_PAGE        500          /* objects fetched at once, as kubectl does */
#define CLIENT_MESSAGE_MAX (64u * KIB)  /* one thing said on standard error */
#define CLIENT_KINDS_MAX   1000u        /* as KINDS_MAX: what a host may list */

#endif
