/* Shapes: whether what came from the other side is what it has to be, before anybody reads it.
 *
 * The descriptor, which a plugin says of itself:
 *
 *     {"name": "labinstance", "version": "1.0.0",
 *      "controllers": [
 *        {"name": "labinstance", "kind": "lab.neuroglia.com/v1/LabInstance", "parallel": 1,
 *         "owns": ["v1/ConfigMap"], "finalize": true,
 *         "crd": {...},           a CustomResourceDefinition; YAML text while it is on its way to
 *                                 the host; absent where it comes from elsewhere
 *         "machine": {...},       as resource/machine.h reads it; absent where there is none
 *         "observer": true, "labels": "a=b", "annotation": "a.b/c",    of an observer
 *         "limitMs": 30000, "sliceMs": 30000}]}                        tend/plugin.h says what they are
 *
 * A report, of what a plugin has counted since the last one; series are numbered from 0 in the order in which
 * they were told, once for each process:
 *
 *     {"series": [{"controller": "labinstance", "name": "jobs_total", "help": "...",
 *                  "type": "counter" | "gauge" | "histogram",
 *                  "labels": {"queue": "a"}, "bounds": [0.1, 1]}],        bounds of a histogram
 *      "updates": [{"series": 0, "by": 2},                                a counter
 *                  {"series": 1, "value": 3.5},                           a gauge
 *                  {"series": 2, "sum": 1.5, "buckets": [1, 0, 2]}],      a histogram: one more than bounds
 *      "dropped": 3}                                                      declared and not taken
 *
 * Results and questions are described in controller/worker.h. Only the shape is judged here; names,
 * kinds, states and schemas are for those who know them.
 */
#ifndef PROTOCOL_SHAPE_H
#define PROTOCOL_SHAPE_H

#include "base/error.h"
#include "document/value.h"

/* TEND_INVALID with a sentence that names the field. */
NODISCARD enum tend_code shape_descriptor(const struct value *descriptor, struct error *err);
NODISCARD enum tend_code shape_question(const struct value *question, struct error *err);
/* A result without its outcome: what a call wrote so far. */
NODISCARD enum tend_code shape_writes(const struct value *writes, struct error *err);
NODISCARD enum tend_code shape_result(const struct value *result, struct error *err);
NODISCARD enum tend_code shape_report(const struct value *report, struct error *err);

#endif
