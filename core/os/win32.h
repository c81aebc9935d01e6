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

/* PATH as Windows' own functions take it, in OUT: UTF-8 or ANSI, with \\?\ before it or not. Returns false if it
 * is too long. (win32_path.c, as are the next) */
bool os_win32_wide(const char *path, wchar_t out[OS_WIN32_PATH]);

/* As CreateFileA(), GetFileAttributesA(), DeleteFileA() and MoveFileExA(), for the paths that users write. */
HANDLE os_win32_create_file(const char *path, DWORD want, DWORD share, SECURITY_ATTRIBUTES *security, DWORD how,
                            DWORD flags, HANDLE like);
DWORD os_win32_attributes(const char *path);
BOOL os_win32_delete(const char *path);
BOOL os_win32_move(const char *from, const char *to, DWORD flags);

/* Opens the file at PATH, which is not a folder, with WANT (GENERIC_READ and so on), without excluding
 * others, and gets its identity. Returns 0 or an errno value: EINVAL if it is not a file. With `no_link` a
 * symbolic link is ELOOP. */
int os_win32_open(const char *path, DWORD want, bool no_link, HANDLE *file, struct file_id *id);

/* Makes a file beside PATH, open for reading and writing, with its name in BESIDE. Returns 0 or errno. */
int os_win32_beside(const char *path, char beside[OS_WIN32_PATH], HANDLE *file);

/* Writes N bytes. Returns 0 or errno. */
int os_win32_write(HANDLE file, const void *bytes, size_t n);

#endif
