/* Every limit in one place, each with its reason. Rooms add theirs here, never beside their code. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#define KIB 1024u
#define MIB (1024u * 1024u)

/* --- log --------------------------------------------------------------------------------------- */
#define LOG_MESSAGE_MAX 1024u /* one sentence; the rest is fields */
#define LOG_LINE_MAX    8192u /* below PIPE_BUF twice over: one write, one line */

/* --- documents --------------------------------------------------------------------------------- */
#define DOC_BYTES_MAX    (1536u * KIB) /* one object, canonical: what etcd takes (1.5 MiB) */
#define DOC_DEPTH_MAX    64u           /* nesting; recursion over documents is bounded by it */
#define DOC_NODES_MAX    200000u     /* values in one document: bounds the decoded tree (~10 MiB) */
#define DOC_KEYS_MAX     10000u      /* keys in one map */
#define DOC_KEY_MAX      1024u       /* bytes in one key */
#define INPUT_BYTES_MAX  (16u * MIB) /* one manifest file; many documents */
#define INPUT_DOCS_MAX   100000u     /* documents in one file */
#define YAML_ALIASES_MAX 100u        /* aliases in one document */

#endif
