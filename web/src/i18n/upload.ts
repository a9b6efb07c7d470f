import type { Area } from './i18n';

// Texts of uploads: what is asked, what happens, what was left out and why.
export const upload = {
  'upload.reading': { en: 'Reading the files', es: 'Leyendo los archivos' },
  'upload.readingCount': { en: 'Reading the files: {count}', es: 'Leyendo los archivos: {count}' },
  'upload.preparing': { en: 'Preparing', es: 'Preparando' },
  'upload.preparingNames': { en: 'Removing names', es: 'Eliminando los nombres' },
  'upload.starting': { en: 'Starting', es: 'Empezando' },
  'upload.checking': { en: 'Comparing what has arrived', es: 'Comparando lo que ya llegó' },
  'upload.sending': { en: 'Uploading', es: 'Enviando' },
  'upload.finishing': { en: 'Almost done', es: 'Casi listo' },
  'upload.paused': { en: 'Paused', es: 'En pausa' },
  'upload.offline': {
    en: 'No network: goes on by itself when it is back',
    es: 'Sin red: continuará por sí solo cuando vuelva',
  },
  'upload.again': { en: 'The connection failed, trying again', es: 'La conexión falló, se intenta de nuevo' },
  'upload.sent': { en: 'Sent', es: 'Enviado' },
  'upload.failed': { en: 'Not sent', es: 'No se envió' },
  'upload.left': { en: '{time} left', es: 'quedan {time}' },
  'upload.of': { en: '{sent} of {total}', es: '{sent} de {total}' },
  'upload.pause': { en: 'Pause', es: 'Pausar' },
  'upload.resume': { en: 'Go on', es: 'Continuar' },
  'upload.cancel': { en: 'Cancel', es: 'Cancelar' },
  'upload.remove': { en: 'Remove', es: 'Quitar' },
  'upload.retry': { en: 'Try again', es: 'Intentar de nuevo' },
  'upload.progress': { en: 'Progress of {name}', es: 'Avance de {name}' },
  'upload.actionOn': { en: '{action}: {name}', es: '{action}: {name}' },

  'upload.choose': {
    en: 'Which of these do you want in 3D?',
    es: '¿Cuáles de estos quiere en 3D?',
  },
  'upload.chooseHint': {
    en: 'Each becomes a model of its own. What you leave out is not sent.',
    es: 'Cada uno será un modelo propio. Lo que deje fuera no se envía.',
  },
  'upload.confirm': { en: 'Please look before this is sent', es: 'Revise esto antes de enviarlo' },
  'upload.send1': { en: 'Send', es: 'Enviar' },
  'upload.send': { en: 'Send {count} scans', es: 'Enviar {count} estudios' },
  'upload.best': { en: 'suggested', es: 'sugerido' },
  'upload.slices': { en: '{count} slices', es: '{count} cortes' },
  'upload.lost': {
    en: 'Files that look like slices cannot be read: {count}. If they belong to the scan, the model will lack them. Better copy the folder again from its source.',
    es: 'Hay archivos que parecen cortes y no se pueden leer: {count}. Si pertenecen al estudio, faltarán en el modelo. Es mejor copiar de nuevo la carpeta desde su origen.',
  },
  'upload.noPicture': { en: 'No preview', es: 'Sin vista previa' },
  'upload.modality': { en: 'What kind of scan is this?', es: '¿Qué tipo de estudio es?' },
  'upload.modalityHint': {
    en: 'Its values are not those of a CT, and the file does not say.',
    es: 'Sus valores no son los de una TC y el archivo no lo indica.',
  },
  'upload.CT': { en: 'CT', es: 'TC' },
  'upload.MR': { en: 'MR', es: 'RM' },
  'upload.PT': { en: 'PET', es: 'PET' },
  'upload.labels': { en: 'label map', es: 'mapa de etiquetas' },

  'upload.interrupted': { en: 'Interrupted', es: 'Interrumpido' },
  'upload.interruptedHint': {
    en: '{sent} of {total} have arrived. Choose the same file or folder again and the rest is sent.',
    es: 'Han llegado {sent} de {total}. Elija de nuevo el mismo archivo o carpeta y se enviará el resto.',
  },

  'upload.removed': { en: 'Removed before sending', es: 'Eliminado antes de enviar' },
  'upload.notRemoved': { en: 'Sent with its names', es: 'Enviado con sus nombres' },
  'upload.nothingRemoved': { en: 'Nothing had to be removed', es: 'No había nada que eliminar' },
  'upload.uids': {
    en: 'Numbers that identify the study were replaced by new ones that only this browser can repeat.',
    es: 'Los números que identifican el estudio se reemplazaron por otros que solo este navegador puede repetir.',
  },
  'upload.pixels': {
    en: 'Writing in the picture itself cannot be found this way.',
    es: 'Lo que esté escrito en la propia imagen no se puede detectar así.',
  },
  'upload.name': { en: 'Patient’s name', es: 'Nombre del paciente' },
  'upload.id': { en: 'Patient’s and study’s numbers', es: 'Números del paciente y del estudio' },
  'upload.birth': { en: 'Date of birth', es: 'Fecha de nacimiento' },
  'upload.person': { en: 'Sex, age and other facts of the person', es: 'Sexo, edad y otros datos de la persona' },
  'upload.staff': { en: 'Physicians and operators', es: 'Médicos y operadores' },
  'upload.place': { en: 'Institution and station', es: 'Institución y equipo' },
  'upload.device': { en: 'Maker and serial numbers of the scanner', es: 'Fabricante y números de serie del escáner' },
  'upload.dates': { en: 'Dates and times', es: 'Fechas y horas' },
  'upload.texts': { en: 'Descriptions and comments', es: 'Descripciones y comentarios' },
  'upload.overlays': { en: 'Drawings over the picture', es: 'Dibujos sobre la imagen' },
  'upload.private': { en: 'Private fields of the maker', es: 'Campos privados del fabricante' },
  'upload.others': { en: 'Others that are not needed', es: 'Otros que no hacen falta' },
  'upload.descrip': { en: 'Description in the header', es: 'Descripción en la cabecera' },
  'upload.aux_file': { en: 'Name of another file', es: 'Nombre de otro archivo' },
  'upload.db_name': { en: 'Name of a database', es: 'Nombre de una base de datos' },
  'upload.intent_name': { en: 'Name of its purpose', es: 'Nombre de su propósito' },
  'upload.extensions': { en: 'Extensions of the header', es: 'Extensiones de la cabecera' },
  'upload.gzip_name': { en: 'File name within gzip', es: 'Nombre del archivo dentro de gzip' },
  'upload.trailing': { en: 'Bytes behind the last voxel', es: 'Bytes tras el último vóxel' },

  'upload.doubt.face': {
    en: 'This may show a head. A face can be rebuilt from it, even without a name.',
    es: 'Puede mostrar una cabeza. A partir de ella se puede reconstruir un rostro, aun sin nombre.',
  },
  'upload.doubt.thick': {
    en: 'The slices are thicker than 5 mm: organs will have steps.',
    es: 'Los cortes miden más de 5 mm: los órganos tendrán escalones.',
  },
  'upload.doubt.anisotropic': {
    en: 'The slices are far thicker than their pixels: organs may have steps.',
    es: 'Los cortes son mucho más gruesos que sus píxeles: los órganos pueden tener escalones.',
  },
  'upload.doubt.coarse': {
    en: 'The voxels are large: small structures may be missing.',
    es: 'Los vóxeles son grandes: pueden faltar estructuras pequeñas.',
  },
  'upload.doubt.no_sform': {
    en: 'The header places the scan by its qform alone. Check left and right.',
    es: 'La cabecera sitúa el estudio solo por su qform. Compruebe izquierda y derecha.',
  },
  'upload.doubt.packed': {
    en: 'No preview here: the images are compressed ({format}). The service reads them.',
    es: 'Aquí no hay vista previa: las imágenes están comprimidas ({format}). El servicio las lee.',
  },
  'upload.doubt.compressed': {
    en: 'The images are compressed as {format}, which the service does not read: export them uncompressed.',
    es: 'Las imágenes están comprimidas como {format}, que el servicio no lee: expórtelas sin compresión.',
  },
  'upload.doubt.derived': {
    en: 'Computed from another series.',
    es: 'Calculada a partir de otra serie.',
  },
  'upload.doubt.no_places': {
    en: 'The slices do not say where they lie, or lie at one place. The service will probably refuse them.',
    es: 'Los cortes no indican su posición o están en un mismo lugar. Es probable que el servicio los rechace.',
  },
  'upload.doubt.mixed': {
    en: 'The slices have different sizes. The service will probably refuse them.',
    es: 'Los cortes tienen tamaños distintos. Es probable que el servicio los rechace.',
  },
  'upload.doubt.labels': {
    en: 'A label map: it is made into a model as it is.',
    es: 'Un mapa de etiquetas: se convierte en modelo tal como está.',
  },

  'upload.refused1': { en: '1 file was not sent', es: '1 archivo no se envió' },
  'upload.refused': { en: '{count} files were not sent', es: '{count} archivos no se enviaron' },
  'upload.refusedAll': { en: 'There is no scan in this', es: 'Aquí no hay ningún estudio' },
  'upload.more': { en: 'and {count} more', es: 'y {count} más' },
  'upload.dismiss': { en: 'Close', es: 'Cerrar' },

  'why.empty': { en: 'It is empty.', es: 'Está vacío.' },
  'why.zeros': {
    en: 'It holds nothing but zeros, as a broken transfer leaves it.',
    es: 'Solo contiene ceros, como los deja una transferencia interrumpida.',
  },
  'why.packed': {
    en: '{format} is not read. Unpack it and drop the folder.',
    es: '{format} no se lee. Descomprímalo y arrastre la carpeta.',
  },
  'why.tar': {
    en: 'A tar archive without compression is not read. Drop the folder, or pack it as .tar.gz or .zip.',
    es: 'Un archivo tar sin compresión no se lee. Arrastre la carpeta o comprímala como .tar.gz o .zip.',
  },
  'why.pair': {
    en: '{format} is one of two files. Convert them to a single .nii.gz.',
    es: '{format} es uno de dos archivos. Conviértalos a un solo .nii.gz.',
  },
  'why.volume': {
    en: '{format} is not read. Convert it to NIfTI (.nii.gz), or drop the DICOM files that it was made from.',
    es: '{format} no se lee. Conviértalo a NIfTI (.nii.gz) o arrastre los archivos DICOM de los que procede.',
  },
  'why.picture': { en: 'A picture ({format}), not a scan.', es: 'Una imagen ({format}), no un estudio.' },
  'why.document': { en: 'A document ({format}), not a scan.', es: 'Un documento ({format}), no un estudio.' },
  'why.program': { en: 'A program, not a scan.', es: 'Un programa, no un estudio.' },
  'why.model': { en: 'A 3D model ({format}) already.', es: 'Ya es un modelo 3D ({format}).' },
  'why.webpage': {
    en: 'A web page, perhaps a message of the site that it was downloaded from.',
    es: 'Una página web, quizá un mensaje del sitio del que se descargó.',
  },
  'why.pointer': {
    en: 'A pointer of {format}, not the file itself.',
    es: 'Un puntero de {format}, no el archivo mismo.',
  },
  'why.text': { en: 'A text, not a scan.', es: 'Un texto, no un estudio.' },
  'why.unknown': { en: 'Its kind is not known.', es: 'No se conoce su tipo.' },
  'why.damaged': { en: 'It is damaged.', es: 'Está dañado.' },
  'why.cut': { en: 'It ends before its data does.', es: 'Termina antes que sus datos.' },
  'why.unreadable': {
    en: 'The browser could not read it.',
    es: 'El navegador no pudo leerlo.',
  },
  'why.mistaken': {
    en: 'It is named like a slice and is none.',
    es: 'Se llama como un corte y no lo es.',
  },
  'why.gzip_of': {
    en: 'A compressed file that holds no NIfTI scan and no archive.',
    es: 'Un archivo comprimido que no contiene un estudio NIfTI ni un archivo tar.',
  },
  'why.report': { en: 'A report or plan, not an image.', es: 'Un informe o plan, no una imagen.' },
  'why.localizer': {
    en: 'A localizer, not a slice of a volume.',
    es: 'Un localizador, no un corte de un volumen.',
  },
  'why.burned_in': {
    en: 'It says that a name is written in the picture. It does not leave this computer.',
    es: 'Indica que hay un nombre escrito en la imagen. No sale de este equipo.',
  },
  'why.capture': {
    en: 'A screenshot or colour picture, where names are often written.',
    es: 'Una captura o imagen en color, donde a menudo hay nombres escritos.',
  },
  'why.not_volume': {
    en: 'An image of kind {modality}: want CT, MR or PET.',
    es: 'Una imagen de tipo {modality}: se necesita TC, RM o PET.',
  },
  'why.mosaic': {
    en: 'Many slices tiled into one image. Export them as single slices.',
    es: 'Muchos cortes en una sola imagen. Expórtelos como cortes sueltos.',
  },
  'why.too_few_slices': {
    en: 'Its series has too few slices for a volume. Drop the whole folder.',
    es: 'Su serie tiene muy pocos cortes para un volumen. Arrastre la carpeta completa.',
  },
  'why.left_out': {
    en: 'Not the original volume, so it was left out. Drop it by itself if it was meant.',
    es: 'No es el volumen original, por eso se dejó fuera. Si era lo que quería, arrástrelo solo.',
  },
  'why.multiple_volumes': {
    en: 'It holds several volumes ({count}). Send one of them.',
    es: 'Contiene varios volúmenes ({count}). Envíe uno de ellos.',
  },
  'why.too_large_grid': {
    en: 'Its grid ({dims}) is larger than is accepted.',
    es: 'Su matriz ({dims}) es mayor de lo aceptado.',
  },
  'why.too_large': { en: 'It is larger than 5 GiB.', es: 'Supera los 5 GiB.' },
  'why.too_many_files': {
    en: 'More than {limit} files. Drop the folder of one scan.',
    es: 'Más de {limit} archivos. Arrastre la carpeta de un solo estudio.',
  },
  'why.file_gone': {
    en: 'The file was changed, moved or unplugged meanwhile. Choose it again.',
    es: 'El archivo se modificó, movió o desconectó entretanto. Elíjalo de nuevo.',
  },
  'why.elsewhere': {
    en: 'Another tab of this browser is sending it.',
    es: 'Otra pestaña de este navegador lo está enviando.',
  },
  'why.unreachable': {
    en: 'The service could not be reached. What has arrived is kept for a day.',
    es: 'No se pudo contactar con el servicio. Lo que llegó se conserva un día.',
  },
  'why.upload_refused': {
    en: 'The storage refused a part. Check this computer’s clock, and tell the operator if it stays.',
    es: 'El almacenamiento rechazó una parte. Compruebe el reloj de este equipo y avise al operador si persiste.',
  },
  'why.no_etag': {
    en: 'The storage hides what this page must read (its CORS rules do not expose ETag). Tell the operator.',
    es: 'El almacenamiento oculta lo que esta página debe leer (sus reglas CORS no exponen ETag). Avise al operador.',
  },
  'why.page_failed': {
    en: 'Something in this page failed. Reload it and try again.',
    es: 'Algo falló en esta página. Vuelva a cargarla e inténtelo de nuevo.',
  },
} as const satisfies Area;
