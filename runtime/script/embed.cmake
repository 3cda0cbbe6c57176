# cmake -DFROM=file -DTO=header -DNAME=variable -P embed.cmake: the text of a file as a string of C.
file(READ ${FROM} lines)
string(REPLACE "\\" "\\\\" lines "${lines}")
string(REPLACE "\"" "\\\"" lines "${lines}")
string(REPLACE "\n" "\\n\"\n    \"" lines "${lines}")
file(WRITE ${TO}.new "#pragma GCC diagnostic push\n#pragma GCC diagnostic ignored \"-Woverlength-strings\"\nstatic const char ${NAME}[] =\n    \"${lines}\";\n#pragma GCC diagnostic pop\n")
file(COPY_FILE ${TO}.new ${TO} ONLY_IF_DIFFERENT)
