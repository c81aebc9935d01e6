/*
 * program_win32.h - all unit tests and fuzz targets as one program for Windows, unit.exe.
 */
#ifndef GATEPOST_TEST_PROGRAM_WIN32_H
#define GATEPOST_TEST_PROGRAM_WIN32_H

/* What child_start() made this process for: `unit.exe --child WHERE TEXT`. Returns its exit status. */
int child_run(const char *where, const char *text);

#endif
