/*
 * win32.h - what the files of the Windows layer share: windows.h, its errors as errno values, open files.
 */
#ifndef GATEPOST_OS_WIN32_H
#define GATEPOST_OS_WIN32_H

#include "os.h"

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <windows.h>

/* Paths longer than MAX_PATH must be written with \\?\ before them. */
enum { OS_WIN32_PATH = 1024 };

/* Returns a code of GetLastError() as an errno value. */
int os_win32_errno(DWORD error);

/* Nanoseconds since 1970. */
int64_t os_win32_unix_ns(FILETIME t);

/* Opens the file at PATH, which is not a folder, with WANT (GENERIC_READ and so on), without excluding
 * others, and gets its identity. Returns 0 or an errno value: EINVAL if it is not a file. With `no_link` a
 * symbolic link is ELOOP. */
int os_win32_open(const char *path, DWORD want, bool no_link, HANDLE *file, struct file_id *id);

/* Makes a file beside PATH, open for reading and writing, with its name in BESIDE. Returns 0 or errno. */
int os_win32_beside(const char *path, char beside[OS_WIN32_PATH], HANDLE *file);

/* Writes N bytes. Returns 0 or errno. */
int os_win32_write(HANDLE file, const void *bytes, size_t n);

#endif
