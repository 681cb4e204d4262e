#include "textflag.h"

// The loops of the sift that see most positions.

// NARROW keeps in Y0 what is in the quad at place j for the byte there, of those in SI.
#define NARROW(j, tmp) \
	RORXQ $((8*j+56)%64), SI, tmp \
	ANDL  $0xff00, tmp            \
	VPAND (32*j)(DI)(tmp*1), Y0, Y0

// FAR does so at a place behind those.
#define FAR(j, tmp) \
	RORXQ $((8*j+56)%64), SI, tmp \
	ANDL  $0xff00, tmp            \
	VPAND (65536+32*j)(DI)(tmp*1), Y0, Y0

#define BEGIN 131072    // begin: in quad, behind at and far
#define MANY 1024       // places of a batch, a quarter

// HIT writes place R10 with the slots in Y0 in any case, and keeps it unless there are none.
#define HIT \
	MOVQ    R10, (R9)   \
	VMOVDQU Y0, 8(R9)   \
	LEAQ    40(R9), R12 \
	VPTEST  Y0, Y0      \
	CMOVQNE R12, R9

// STARTED keeps what holds at place R10 by whether a word begins there.
#define STARTED \
	RORXL $1, R10, R12       \
	ANDL  $0x7e0, R12        \
	MOVQ  24(BX)(R12*1), R12 \
	BTQ   R10, R12           \
	SBBQ  R12, R12           \
	ANDL  $32, R12           \
	VPAND BEGIN(DI)(R12*1), Y0, Y0

// WINDOW takes the next place, and leaves in Y0 what holds there.
#define WINDOW \
	MOVWQZX (R8), R10       \
	ADDQ    $2, R8          \
	MOVQ    (DX)(R10*1), SI \
	MOVBLZX SI, R11         \
	SHLL    $8, R11         \
	VMOVDQU (DI)(R11*1), Y0 \
	NARROW(1, R12)          \
	NARROW(2, R11)          \
	NARROW(3, R12)          \
	NARROW(4, R11)          \
	NARROW(5, R12)          \
	NARROW(6, R11)          \
	NARROW(7, R12)

// BEHIND keeps what the bytes behind bear out.
#define BEHIND \
	MOVQ 8(DX)(R10*1), SI \
	FAR(0, R11)           \
	FAR(1, R12)           \
	FAR(2, R11)           \
	FAR(3, R12)           \
	FAR(4, R11)           \
	FAR(5, R12)           \
	FAR(6, R11)           \
	FAR(7, R12)

// func avx2Quad(q *quad, m *[batch]masks, x *batchText, at *uint16, n int, out *quadHit) uintptr
TEXT ·avx2Quad(SB), NOSPLIT, $0-56
	MOVQ q+0(FP), DI
	MOVQ m+8(FP), BX
	MOVQ x+16(FP), DX
	MOVQ at+24(FP), R8
	MOVQ n+32(FP), CX
	MOVQ out+40(FP), R9

	// Where there are very many, most of them hold.
	CMPQ CX, $MANY
	JGE  whole

each:
	WINDOW
	HIT
	DECQ    CX
	JNZ     each

	// Of those, what else bears out.
	MOVQ  out+40(FP), R8
	MOVQ  R9, CX
	MOVQ  R8, R9
	CMPQ  R8, CX
	JEQ   held

behind:
	MOVQ    (R8), R10
	VMOVDQU 8(R8), Y0
	ADDQ    $40, R8
	STARTED
	BEHIND
	HIT
	CMPQ    R8, CX
	JNE     behind

held:
	VZEROUPPER
	SUBQ out+40(FP), R9
	MOVQ R9, ret+48(FP)
	RET

whole:
	WINDOW
	STARTED
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

	// Positions of the bits of byte k of the mask; as many are kept as there are.
#define EIGHT(k) \
	MOVBLZX   (k-32)(SI), AX \
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
	EIGHT(0)
	EIGHT(1)
	EIGHT(2)
	EIGHT(3)
	EIGHT(4)
	EIGHT(5)
	EIGHT(6)
	EIGHT(7)
	ADDL $64, R9
	DECQ CX
	JNZ  mask

written:
	SUBQ R8, DI
	SHRQ $1, DI
	MOVQ DI, ret+32(FP)
	RET

// HASH leaves in h the product, with k, of the key that begins at x[p].
#define HASH(p, k, h) \
	MOVL   (SI)(p*1), h   \
	ORL    $0x20202020, h \
	IMUL3L k, h, h

// PROBE writes the place in any case, and keeps it if the bitmap has the bit of its key.
#define PROBE(at) \
	MOVWLZX at(R8)(CX*2), BX  \
	HASH(BX, $0x9e3779b1, DX) \
	MOVW    BX, (R9)(AX*2)    \
	SHRXL   R11, DX, R12      \
	SHRXL   R13, DX, DX       \
	MOVQ    (R10)(DX*8), DX   \
	BTQ     R12, DX           \
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
	LEAQ 6(R11), R13
	XORL AX, AX
	LEAQ (R8)(CX*2), R8
	NEGQ CX
	ADDQ $4, CX
	JGT  last

four:
	PROBE(-8)
	PROBE(-6)
	PROBE(-4)
	PROBE(-2)
	ADDQ $4, CX
	JLE  four

last:
	SUBQ $4, CX
	JZ   probed

place:
	PROBE(0)
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

	LEAQ (R8)(CX*2), R8
	NEGQ CX
	SUBQ $5, R11

gate:
	MOVWLZX (R8)(CX*2), BX
	HASH(BX, $0x85ebca6b, R12)
	SHRXL   R11, R12, R12
	ANDL    $~31, R12

	// The text is doubled, and 1 is added where a word begins.
	RORXL $1, BX, R13
	ANDL  $0x7e0, R13
	MOVQ  24(R10)(R13*1), R13
	MOVQ  (SI)(BX*1), DX
	BTQ   BX, R13
	ADCQ  DX, DX

	MOVW BX, (R9)(AX*2)
	ANDQ (DI)(R12*1), DX
	XORQ 8(DI)(R12*1), DX
	CMPQ DX, $1
	ADCQ $0, AX
	INCQ CX
	JNZ  gate

	MOVQ AX, ret+56(FP)
	RET
