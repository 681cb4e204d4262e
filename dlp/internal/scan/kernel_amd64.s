#include "textflag.h"
#include "chunk_amd64.h"

// The layout of avx2Tables in avx2.go, and of findings in kernel.go.
#define KEYCODE 256     // keyCode: 4 rows of folded bytes, 8 of those outside ASCII
#define SLOT 448        // slot: 8 places of 2 planes of 32 bytes, 16 for each half of the codes
#define KEY 960         // key: 4 places of 3 planes
#define HEAD 1344       // head: 4 places
#define WIDE 1472       // wide: for each plane 32 bytes any, 32 start
#define UPPER 1088      // bytes from codes to those that look up the second half
#define KEYS 2176       // bytes from codes for slots to those for keys

DATA upper<>+0(SB)/8, $0x8080808080808080
DATA upper<>+8(SB)/8, $0x8080808080808080
DATA upper<>+16(SB)/8, $0x8080808080808080
DATA upper<>+24(SB)/8, $0x8080808080808080
GLOBL upper<>(SB), RODATA|NOPTR, $32

DATA sixteens<>+0(SB)/8, $0x1010101010101010
DATA sixteens<>+8(SB)/8, $0x1010101010101010
DATA sixteens<>+16(SB)/8, $0x1010101010101010
DATA sixteens<>+24(SB)/8, $0x1010101010101010
GLOBL sixteens<>(SB), RODATA|NOPTR, $32

DATA fold<>+0(SB)/8, $0x2020202020202020
DATA fold<>+8(SB)/8, $0x2020202020202020
DATA fold<>+16(SB)/8, $0x2020202020202020
DATA fold<>+24(SB)/8, $0x2020202020202020
GLOBL fold<>(SB), RODATA|NOPTR, $32

// LOAD reads the codes of the bytes at place j from each position on: Y8 and Y9 have those of
// bytes 0 to 31 for the first and for the second half, Y10 and Y11 those of 32 to 63.
#define LOAD(j) \
	VMOVDQU j(R10), Y8            \
	VMOVDQU (UPPER+j)(R10), Y9    \
	VMOVDQU (32+j)(R10), Y10      \
	VMOVDQU (UPPER+32+j)(R10), Y11

// LOOK leaves in a0 and a1 the groups of a plane whose classes have the byte.
#define LOOK(at, a0, a1) \
	VBROADCASTI128 at(DI), Y12      \
	VBROADCASTI128 (at+16)(DI), Y13 \
	VPSHUFB        Y8, Y12, Y14     \
	VPSHUFB        Y9, Y13, Y15     \
	VPSHUFB        Y10, Y12, Y12    \
	VPSHUFB        Y11, Y13, Y13    \
	VPOR           Y14, Y15, a0     \
	VPOR           Y12, Y13, a1

// KEEP keeps of a0 and a1 what a plane has for the byte.
#define KEEP(at, a0, a1) \
	LOOK(at, Y14, Y15)    \
	VPAND Y14, a0, a0     \
	VPAND Y15, a1, a1

// SLOTS keeps what two planes of slots have at place j, in Y0 to Y3.
#define SLOTS(j) \
	LOAD(j)                    \
	KEEP(SLOT+64*j, Y0, Y1)    \
	KEEP(SLOT+64*j+32, Y2, Y3)

// HEADS keeps what three planes of keys have at place j, in Y0 to Y5, and in Y6 and Y7 those that
// count only where a word begins.
#define HEADS(j) \
	LOAD(KEYS+j)              \
	KEEP(KEY+96*j, Y0, Y1)    \
	KEEP(KEY+96*j+32, Y2, Y3) \
	KEEP(KEY+96*j+64, Y4, Y5) \
	KEEP(HEAD+32*j, Y6, Y7)

// BITS sets a bit of dst for each zero byte of a and b. Y15 is zero.
#define BITS(a, b, dst, tmp) \
	VPCMPEQB  a, Y15, Y12 \
	VPMOVMSKB Y12, dst    \
	VPCMPEQB  b, Y15, Y13 \
	VPMOVMSKB Y13, tmp    \
	SHLQ      $32, tmp    \
	ORQ       tmp, dst

// NONE sets a bit of dst for each position at which no group of slots counts, by masks that are
// 64 bytes apart from plane to plane.
#define NONE(mask, dst, tmp) \
	VPAND mask(DI), Y0, Y12       \
	VPAND (mask+64)(DI), Y2, Y14  \
	VPOR  Y12, Y14, Y12           \
	VPAND mask(DI), Y1, Y13       \
	VPAND (mask+64)(DI), Y3, Y14  \
	VPOR  Y13, Y14, Y13           \
	BITS(Y12, Y13, dst, tmp)

// ROW looks the bytes in Y3 up in one row, and adds more for the next.
#define ROW(at, more, code) \
	VBROADCASTI128 at(DI), Y4 \
	VPSHUFB        Y3, Y4, Y4 \
	VPADDUSB       more, Y3, Y3 \
	VPXOR          Y4, code, code

// ENCODE makes codes of the bytes in Y1, in Y2 for slots and in Y6 for keys. The tables have a row
// for each upper half of a byte. A look-up gives 0 where the index is 128 or more, and at first
// the index is the byte, so that row 7 is looked up for all bytes of ASCII; 16 more, and row 6 is
// for all but those of row 7. What rows have in front of them is in the table: a byte's code is
// what it and all rows behind it have, one xor the other. Y8 to Y15 are the rows of ASCII for
// slots, Y0 has 16s; for keys there are only the rows 2, 3, 6 and 7. Other rows need be asked
// only if there are other bytes.
#define ENCODE(ascii) \
	VPSHUFB   Y1, Y15, Y2          \
	VPADDUSB  Y0, Y1, Y3           \
	VPSHUFB   Y3, Y14, Y4          \
	VPADDUSB  Y0, Y3, Y3           \
	VPSHUFB   Y3, Y13, Y5          \
	VPADDUSB  Y0, Y3, Y3           \
	VPXOR     Y4, Y2, Y2           \
	VPSHUFB   Y3, Y12, Y6          \
	VPADDUSB  Y0, Y3, Y3           \
	VPXOR     Y5, Y6, Y5           \
	VPSHUFB   Y3, Y11, Y7          \
	VPADDUSB  Y0, Y3, Y3           \
	VPXOR     Y5, Y2, Y2           \
	VPSHUFB   Y3, Y10, Y4          \
	VPADDUSB  Y0, Y3, Y3           \
	VPXOR     Y7, Y4, Y4           \
	VPSHUFB   Y3, Y9, Y5           \
	VPADDUSB  Y0, Y3, Y3           \
	VPXOR     Y4, Y2, Y2           \
	VPSHUFB   Y3, Y8, Y6           \
	VPXOR     Y5, Y6, Y5           \
	VPXOR     Y5, Y2, Y2           \
	VPOR      fold<>(SB), Y1, Y3   \
	VPXOR     Y6, Y6, Y6           \
	VPSLLW    $1, Y0, Y7           \
	VPOR      Y0, Y7, Y7           \
	ROW(KEYCODE+48, Y0, Y6)        \
	ROW(KEYCODE+32, Y7, Y6)        \
	ROW(KEYCODE+16, Y0, Y6)        \
	ROW(KEYCODE, Y0, Y6)           \
	VPMOVMSKB Y1, AX               \
	TESTL     AX, AX               \
	JZ        ascii                \
	VPXOR     upper<>(SB), Y1, Y3  \
	ROW(240, Y0, Y2)               \
	ROW(224, Y0, Y2)               \
	ROW(208, Y0, Y2)               \
	ROW(192, Y0, Y2)               \
	ROW(176, Y0, Y2)               \
	ROW(160, Y0, Y2)               \
	ROW(144, Y0, Y2)               \
	ROW(128, Y0, Y2)               \
	VPXOR     upper<>(SB), Y1, Y3  \
	ROW(KEYCODE+176, Y0, Y6)       \
	ROW(KEYCODE+160, Y0, Y6)       \
	ROW(KEYCODE+144, Y0, Y6)       \
	ROW(KEYCODE+128, Y0, Y6)       \
	ROW(KEYCODE+112, Y0, Y6)       \
	ROW(KEYCODE+96, Y0, Y6)        \
	ROW(KEYCODE+80, Y0, Y6)        \
	ROW(KEYCODE+64, Y0, Y6)

// WRITE writes the codes, and those for the second half.
#define WRITE \
	VMOVDQU Y2, (R10)              \
	VPXOR   upper<>(SB), Y2, Y2    \
	VMOVDQU Y2, UPPER(R10)         \
	VMOVDQU Y6, KEYS(R10)          \
	VPXOR   upper<>(SB), Y6, Y6    \
	VMOVDQU Y6, (KEYS+UPPER)(R10)

// func avx2(t *avx2Tables, v *byte, n int, carry, loose uint64, out *findings) uint64
TEXT ·avx2(SB), NOSPLIT, $0-56
	ARGUMENTS

chunk:
	TAKE_CHUNK(few)

few:
	LEAVE_CHUNK

	// Codes of all bytes first: every place reads them again, one byte on.
	FIRST_CODE
	VBROADCASTI128 (DI), Y8
	VBROADCASTI128 16(DI), Y9
	VBROADCASTI128 32(DI), Y10
	VBROADCASTI128 48(DI), Y11
	VBROADCASTI128 64(DI), Y12
	VBROADCASTI128 80(DI), Y13
	VBROADCASTI128 96(DI), Y14
	VBROADCASTI128 112(DI), Y15
	VMOVDQU        sixteens<>(SB), Y0
	MOVQ           CX, BX
	SHLQ           $1, BX

encode:
	VMOVDQU (SI), Y1
	ENCODE(ascii)

ascii:
	WRITE
	ADDQ $32, SI
	ADDQ $32, R10
	DECQ BX
	JNZ  encode
	VMOVQ (SI), X1
	ENCODE(rest)

rest:
	WRITE
	FIRST_CODE

next:
	LOAD(0)

	// Word characters.
	VPADDB    Y8, Y8, Y12
	VPADDB    Y10, Y10, Y13
	VPMOVMSKB Y12, AX
	VPMOVMSKB Y13, BX
	SHLQ      $32, BX
	ORQ       BX, AX

	STARTS
	MOVQ R12, 24(DX)

	LOOK(SLOT, Y0, Y1)
	LOOK(SLOT+32, Y2, Y3)
	SLOTS(1)
	SLOTS(2)
	SLOTS(3)
	SLOTS(4)
	SLOTS(5)
	SLOTS(6)
	SLOTS(7)
	VPXOR Y15, Y15, Y15
	NONE(WIDE, R13, BX)
	NONE(WIDE+32, AX, BX)
	NOTQ  AX
	ANDQ  R12, AX
	NOTQ  R13
	ORQ   AX, R13
	MOVQ  R13, (DX)

	LOAD(KEYS)
	LOOK(KEY, Y0, Y1)
	LOOK(KEY+32, Y2, Y3)
	LOOK(KEY+64, Y4, Y5)
	LOOK(HEAD, Y6, Y7)
	HEADS(1)
	HEADS(2)
	HEADS(3)

	// ſ and K are the topmost group of keys, all others count anywhere.
	VPMOVMSKB Y4, AX
	VPMOVMSKB Y5, BX
	SHLQ      $32, BX
	ORQ       BX, AX
	MOVQ      AX, 16(DX)
	VPADDB    Y4, Y4, Y4
	VPADDB    Y5, Y5, Y5

	VPOR  Y0, Y2, Y0
	VPOR  Y4, Y0, Y0
	VPOR  Y1, Y3, Y1
	VPOR  Y5, Y1, Y1
	VPXOR Y15, Y15, Y15
	BITS(Y6, Y7, AX, BX)
	NOTQ  AX
	ANDQ  R12, AX
	BITS(Y0, Y1, R13, BX)
	NOTQ  R13
	ORQ   R13, AX
	MOVQ  AX, 8(DX)

	ADDQ $32, DX
	ADDQ $64, R10
	DECQ CX
	JNZ  next
	CMPQ n+16(FP), $0
	JG   chunk

	VZEROUPPER
	MOVQ R8, ret+48(FP)
	RET

// NARROW keeps in Y0 what is in the quad at place j for the byte there, of those in SI.
#define NARROW(j, tmp) \
	RORXQ $((8*j+56)%64), SI, tmp     \
	ANDL  $0xff00, tmp                \
	VPAND (32*j)(DI)(tmp*1), Y0, Y0

// FAR does so at a place behind those.
#define FAR(j, tmp) \
	RORXQ $((8*j+56)%64), SI, tmp        \
	ANDL  $0xff00, tmp                   \
	VPAND (65536+32*j)(DI)(tmp*1), Y0, Y0

#define BEGIN 131072    // begin: in quad, behind at and far
#define MANY 1024       // places of a batch, a quarter

// HIT writes place R10 with the slots in Y0 in any case, and keeps it unless there are none.
#define HIT \
	MOVQ    R10, (R9)         \
	VMOVDQU Y0, 8(R9)         \
	XORL    R12, R12          \
	VPTEST  Y0, Y0            \
	SETNE   R12               \
	ADDQ    R12, AX           \
	LEAQ    (R12)(R12*4), R12 \
	LEAQ    (R9)(R12*8), R9

// PLACE takes the next place, and leaves in Y0 what holds there by whether a word begins.
#define PLACE \
	MOVWQZX (R8), R10            \
	ADDQ    $2, R8               \
	MOVQ    (DX)(R10*1), SI      \
	MOVQ    R10, R12             \
	SHRQ    $6, R12              \
	SHLQ    $5, R12              \
	MOVQ    24(BX)(R12*1), R12   \
	BTQ     R10, R12             \
	SBBQ    R12, R12             \
	ANDQ    $32, R12             \
	VMOVDQU BEGIN(DI)(R12*1), Y0

#define WINDOW \
	NARROW(0, R11) \
	NARROW(1, R12) \
	NARROW(2, R11) \
	NARROW(3, R12) \
	NARROW(4, R11) \
	NARROW(5, R12) \
	NARROW(6, R11) \
	NARROW(7, R12)

#define BEHIND \
	FAR(0, R11) \
	FAR(1, R12) \
	FAR(2, R11) \
	FAR(3, R12) \
	FAR(4, R11)

// func avx2Quad(q *quad, m *[batch]masks, x *batchText, at *uint16, n int, out *quadHit) int
TEXT ·avx2Quad(SB), NOSPLIT, $0-56
	MOVQ q+0(FP), DI
	MOVQ m+8(FP), BX
	MOVQ x+16(FP), DX
	MOVQ at+24(FP), R8
	MOVQ n+32(FP), CX
	MOVQ out+40(FP), R9
	XORL AX, AX

	// Where there are very many, most of them hold.
	CMPQ CX, $MANY
	JGE  whole

each:
	PLACE
	WINDOW
	HIT
	DECQ    CX
	JNZ     each

	// Of those, what the bytes behind bear out.
	MOVQ  out+40(FP), R8
	MOVQ  R8, R9
	MOVQ  AX, CX
	XORL  AX, AX
	TESTQ CX, CX
	JZ    held

behind:
	MOVQ    (R8), R10
	VMOVDQU 8(R8), Y0
	ADDQ    $40, R8
	MOVQ    8(DX)(R10*1), SI
	BEHIND
	HIT
	DECQ    CX
	JNZ     behind

held:
	VZEROUPPER
	MOVQ AX, ret+48(FP)
	RET

whole:
	PLACE
	WINDOW
	MOVQ 8(DX)(R10*1), SI
	BEHIND
	HIT
	DECQ CX
	JNZ  whole
	JMP  held

// func avx2Places(m *uint64, n int, bits *[256]uint64, out *uint16) int
TEXT ·avx2Places(SB), NOSPLIT, $0-40
	MOVQ m+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ bits+16(FP), DX
	MOVQ out+24(FP), DI
	MOVQ DI, R8

	// X1: the position of the byte of the mask that is looked up, in every word; X2: 8.
	MOVL         $0x00080008, AX
	VMOVD        AX, X2
	VPBROADCASTD X2, X2

	// Positions of the bits of one byte; as many are kept as there are.
#define EIGHT \
	MOVBLZX   BX, AX         \
	SHRQ      $8, BX         \
	VPMOVZXBW (DX)(AX*8), X0 \
	VPADDW    X1, X0, X0     \
	VPADDW    X2, X1, X1     \
	VMOVDQU   X0, (DI)       \
	POPCNTL   AX, AX         \
	LEAQ      (DI)(AX*2), DI

	// ONE writes the position of the lowest bit, if there is one.
#define ONE(at) \
	TZCNTQ BX, AX \
	BLSRQ  BX, BX \
	ADDL   R9, AX \
	MOVW   AX, at

	// R9: the position of a mask. Of most there are few bits.
	XORL R9, R9

mask:
	MOVQ    (SI), BX
	ADDQ    $32, SI
	POPCNTQ BX, R10
	CMPQ    R10, $3
	JHI     many
	ONE((DI))
	ONE(2(DI))
	ONE(4(DI))
	LEAQ    (DI)(R10*2), DI
	ADDL    $64, R9
	DECQ    CX
	JNZ     mask
	JMP     written

many:
	VMOVD        R9, X1
	VPBROADCASTW X1, X1
	EIGHT
	EIGHT
	EIGHT
	EIGHT
	EIGHT
	EIGHT
	EIGHT
	EIGHT
	ADDL $64, R9
	DECQ CX
	JNZ  mask

written:
	SUBQ R8, DI
	SHRQ $1, DI
	MOVQ DI, ret+32(FP)
	RET

// HASH leaves in h, by a product with k shifted by R11, the hash of the key that begins at
// x[p].
#define HASH(p, k, h) \
	MOVL   (SI)(p*1), h   \
	ORL    $0x20202020, h \
	IMUL3L k, h, h        \
	SHRXL  R11, h, h

// PROBE hashes the key at a place for the bitmap.
#define PROBE(at, h) \
	MOVWLZX at(R8)(CX*2), BX \
	HASH(BX, $0x9e3779b1, h)

// TAKE writes the place in any case, and keeps it if the bitmap has bit h.
#define TAKE(at, h) \
	MOVWLZX at(R8)(CX*2), BX \
	MOVW    BX, (R9)(AX*2)   \
	MOVL    h, BX            \
	SHRL    $6, BX           \
	MOVQ    (R10)(BX*8), BX  \
	BTQ     h, BX            \
	ADCQ    $0, AX

// func avx2Probe(p *probe, x *batchText, at *uint16, n int, out *uint16) int
TEXT ·avx2Probe(SB), NOSPLIT, $0-48
	MOVQ p+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ at+16(FP), R8
	MOVQ n+24(FP), CX
	MOVQ out+32(FP), R9
	MOVQ (DI), R10
	MOVQ 8(DI), R11
	XORL AX, AX
	LEAQ (R8)(CX*2), R8
	NEGQ CX
	ADDQ $4, CX
	JGT  last

	// Four at a time: so many hashes are on their way before the first one is used.
four:
	PROBE(-8, DX)
	PROBE(-6, R12)
	PROBE(-4, R13)
	PROBE(-2, DI)
	TAKE(-8, DX)
	TAKE(-6, R12)
	TAKE(-4, R13)
	TAKE(-2, DI)
	ADDQ $4, CX
	JLE  four

last:
	SUBQ $4, CX
	JZ   probed

place:
	PROBE(0, DX)
	TAKE(0, DX)
	INCQ CX
	JNZ  place

probed:
	MOVQ AX, ret+40(FP)
	RET

// func avx2Gates(gates *gate, past uint, m *[batch]masks, x *batchText, at *uint16, n int, out *uint16) int
TEXT ·avx2Gates(SB), NOSPLIT, $0-64
	MOVQ gates+0(FP), DI
	MOVQ past+8(FP), R11
	MOVQ m+16(FP), R10
	MOVQ x+24(FP), SI
	MOVQ at+32(FP), R8
	MOVQ n+40(FP), CX
	MOVQ out+48(FP), R9
	XORL AX, AX

gate:
	MOVWLZX (R8), BX
	ADDQ    $2, R8
	HASH(BX, $0x85ebca6b, R12)
	SHLQ    $5, R12

	// The highest bit of the text becomes whether no word begins.
	MOVQ (SI)(BX*1), DX
	SHLQ $1, DX
	MOVL BX, R13
	SHRL $6, R13
	SHLL $5, R13
	MOVQ 24(R10)(R13*1), R13
	BTQ  BX, R13
	CMC
	RCRQ $1, DX

	MOVW BX, (R9)(AX*2)
	XORL R13, R13
	ANDQ (DI)(R12*1), DX
	CMPQ DX, 8(DI)(R12*1)
	SETEQ R13
	ADDQ R13, AX
	DECQ CX
	JNZ  gate

	MOVQ AX, ret+56(FP)
	RET
