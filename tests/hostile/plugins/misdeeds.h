/* Everything that misbehaving.c can do, by name, and what becomes of the object that asked for it:
 *
 *     LIVES   it gets its result
 *     DIES    its runner dies each time; the second time the object is set aside
 *     HANGS   the same, but that takes the runner's time limit
 *     EITHER  it depends on when what was broken is needed next, and by whom
 *
 * The share is how often a random walk does it, beside the others: what hangs costs time.
 */
#ifndef HOSTILE_PLUGINS_MISDEEDS_H
#define HOSTILE_PLUGINS_MISDEEDS_H

/* X(name, function, fate, share) */
#define MISDEEDS(X)                                                                                \
    X("write-nowhere", write_nowhere, DIES, 8)                                                     \
    X("run-nowhere", run_nowhere, DIES, 4)                                                         \
    X("abort", do_abort, DIES, 8)                                                                  \
    X("exit", do_exit, DIES, 8)                                                                    \
    X("exit-at-once", do_exit_at_once, DIES, 8)                                                    \
    X("stack-overflow", overflow_stack, DIES, 8)                                                   \
    X("allocation-bomb", allocate_all, DIES, 8)                                                    \
    X("unmap-itself", unmap_itself, DIES, 8)                                                       \
    X("leave-thread", leave_thread, DIES, 4)                                                       \
    X("crash-in-thread", crash_in_thread, DIES, 8)                                                 \
    X("crash-ignoring-it", crash_ignoring_it, DIES, 4)                                             \
    X("fatal-signal", raise_fatal, DIES, 16)                                                       \
    X("alarm", set_alarm, DIES, 4)                                                                 \
    X("longjmp", jump_out, EITHER, 8)                                                              \
    X("crash-later", crash_later, EITHER, 4)                                                       \
    X("endless-loop", loop_forever, HANGS, 1)                                                      \
    X("endless-loop-deaf", loop_deaf, HANGS, 1)                                                    \
    X("sleep", sleep_forever, HANGS, 1)                                                            \
    X("read-nothing", read_forever, HANGS, 1)                                                      \
    X("deadlock", lock_twice, HANGS, 1)                                                            \
    X("stop-itself", stop_itself, HANGS, 1)                                                        \
    X("crash-handled", crash_handled, HANGS, 1)                                                    \
    X("hang-up-and-loop", hang_up_and_loop, HANGS, 1)                                              \
    X("half-a-frame", write_half_frame, HANGS, 1)                                                  \
    X("close-input", close_input, LIVES, 4)                                                        \
    X("close-output", close_output, LIVES, 4)                                                      \
    X("close-complaints", close_complaints, LIVES, 4)                                              \
    X("close-page", close_page, LIVES, 4)                                                          \
    X("close-socket", close_socket, DIES, 8)                                                       \
    X("close-all", close_all, DIES, 8)                                                             \
    X("replace-socket", replace_socket, DIES, 8)                                                   \
    X("leak-descriptors", leak_descriptors, LIVES, 8)                                              \
    X("leak-memory", leak_memory, LIVES, 4)                                                        \
    X("flood-output", flood_output, LIVES, 8)                                                      \
    X("flood-complaints", flood_complaints, LIVES, 8)                                              \
    X("endless-line", write_endless_line, LIVES, 4)                                                \
    X("zero-bytes", write_zeros, LIVES, 4)                                                         \
    X("no-text", write_no_text, LIVES, 4)                                                          \
    X("flood-log", flood_log, LIVES, 8)                                                            \
    X("fork", do_fork, LIVES, 8)                                                                   \
    X("signal-host", signal_host, LIVES, 8)                                                        \
    X("block-signals", block_signals, LIVES, 8)                                                    \
    X("ignore-signals", ignore_signals, LIVES, 8)                                                  \
    X("harmless-signal", raise_harmless, LIVES, 4)                                                 \
    X("priority", take_priority, LIVES, 8)                                                         \
    X("wander", wander, LIVES, 8)                                                                  \
    X("busy-threads", start_busy_threads, LIVES, 2)                                                \
    X("end-threads", end_threads, LIVES, 4)                                                        \
    X("cut-page", cut_page, LIVES, 4)                                                              \
    X("scribble", scribble, EITHER, 8)                                                             \
    X("scribble-and-loop", scribble_and_loop, EITHER, 1)                                           \
    X("last-words", write_last_words, DIES, 8)                                                     \
    X("random-bytes", write_random, DIES, 8)                                                       \
    X("huge-frame", write_huge_frame, DIES, 4)                                                     \
    X("wrong-type", write_wrong_type, DIES, 8)                                                     \
    X("wrong-call", write_wrong_call, DIES, 8)                                                     \
    X("no-json", write_no_json, DIES, 8)                                                           \
    X("wrong-shape", write_wrong_shape, DIES, 8)                                                   \
    X("two-results", write_two_results, EITHER, 8)                                                 \
    X("flood-frames", flood_frames, EITHER, 2)                                                     \
    X("many-questions", ask_much, LIVES, 4)                                                        \
    X("many-writes", write_much, EITHER, 4)                                                        \
    X("many-events", tell_much, EITHER, 4)                                                         \
    X("huge-status", write_huge_status, EITHER, 4)                                                 \
    X("wrong-paths", write_wrong_paths, EITHER, 4)

#endif
