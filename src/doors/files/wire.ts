/** What the files interface answers (docs/protocols/files.md): one schema, from which come the TypeScript type and the OpenAPI document. */
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { MOMENT, createComponents, id, idInPath, time } from '../../api/index.ts';

const { component, components } = createComponents();

const EXAMPLE_ID = '489204135002112';
const EXAMPLE_URL = `/files/${EXAMPLE_ID}/cat.webp?exp=1795258800&sig=aV3m9Xw0n8Q`;

export const File = component(
  'File',
  'An uploaded file. Its link, as the `url` of a resource or as a picture, makes it part of a message or profile.',
  Type.Object({
    id: id('The file.', EXAMPLE_ID),
    uuid: Type.String({ format: 'uuid', description: 'The same file as the support desk names it.' }),
    name: Type.String({ description: 'What people see; without paths and invisible characters.' }),
    mediaType: Type.String({ description: 'What it is, by its bytes.' }),
    size: Type.Integer({ minimum: 0, description: 'Bytes, as they are stored: images without their metadata.' }),
    width: Type.Optional(Type.Integer({ description: 'Pixels, of an image.' })),
    height: Type.Optional(Type.Integer({ description: 'Pixels, of an image.' })),
    url: Type.String({ description: 'A link that opens it for whoever has it, until `expiresAt`.' }),
    previewUrl: Type.Optional(Type.String({ description: 'The same of a smaller picture: WebP, 480 pixels at the most.' })),
    expiresAt: time('When the links end. Ask for fresh ones with GET /api/files/{id}.'),
  }),
  {
    id: EXAMPLE_ID,
    uuid: '0de76db5-8400-8053-b769-746368626f61',
    name: 'cat.webp',
    mediaType: 'image/webp',
    size: 48_213,
    width: 1_200,
    height: 800,
    url: EXAMPLE_URL,
    previewUrl: EXAMPLE_URL.replace('?', '?preview=1&'),
    expiresAt: MOMENT,
  },
);
export type File = Static<typeof File>;

export const ByFile = Type.Object({ id: idInPath('The file.', EXAMPLE_ID) });

export const UploadName = Type.Object({
  name: Type.Optional(
    Type.String({ description: 'Of a body that is the file itself: what it is called.', examples: ['cat.jpg'] }),
  ),
});

const bytes = { type: 'string', format: 'binary' };

/** Not checked by its schema: it is never read as a whole. */
export const UploadBody = {
  required: ['file'],
  content: {
    'multipart/form-data': { schema: { type: 'object', required: ['file'], properties: { file: bytes } } },
    'application/octet-stream': { schema: bytes },
  },
};

export const COMPONENTS: readonly object[] = components;
